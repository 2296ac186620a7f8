"""Months, weeks and designs: sound, partial, empty, at odds."""

from __future__ import annotations

from tests.analysis.reviews.situations.world import (
    Situation,
    only,
    shop,
    until,
    with_orders_at_odds,
    with_sales,
)


def targets(gmv: float, orders: float, key: str = "2026-10") -> dict[str, str]:
    text = f'[gmv_net]\ntarget = {gmv}\nowner = "Li Na"\n[orders]\ntarget = {orders}\n'
    return {f"targets/{key}.toml": text}


OCTOBER = {"cycle": "2026-10"}

BOUGHT_BY = "orders users tasks"

MONTHS = {
    "on_track": Situation("on_track", "ready", shop, targets(15_000, 200), OCTOBER),
    "partial": Situation(
        "partial", "provisional", lambda: until("2026-10-20"), targets(15_000, 200), OCTOBER
    ),
    "refunds_open": Situation(
        "on_track", "provisional", only(BOUGHT_BY, lambda: until("2026-11-03")),
        targets(15_000, 200), OCTOBER, as_of="2026-11-04",
    ),
    "blocked": Situation(
        "invalid", "invalid", only(BOUGHT_BY, with_orders_at_odds), targets(90_000, 900), OCTOBER
    ),
    "empty": Situation("no_data", "skipped", lambda: until("2026-08-31"), {}, OCTOBER),
}  # fmt: skip

WEEK_43 = {"cycle": "2026-W43"}

WEEKS = {
    "quiet": Situation("quiet", "ready", only("orders users", shop), {}, WEEK_43),
    "bad": Situation(
        "bad", "ready", lambda: with_sales("2026-10-19", "2026-10-25", 0.2), {}, WEEK_43
    ),
    "partial": Situation("partial", "provisional", lambda: until("2026-10-22"), {}, WEEK_43),
    "blocked": Situation(
        "invalid", "invalid", only("orders users", with_orders_at_odds), {}, WEEK_43
    ),
    "empty": Situation("no_data", "skipped", lambda: until("2026-09-30"), {}, WEEK_43),
}  # fmt: skip

SMALL = {"metric": "order_conversion", "guardrails": ["refund_rate"], "experiment": "next"}

DESIGNS = {
    "feasible": Situation("feasible", "ready", shop, {}, {**SMALL, "mde": 0.6, "guardrails": []}),
    "weak_guardrails": Situation("weak_guardrails", "ready", shop, {}, {**SMALL, "mde": 0.6}),
    "too_long": Situation("too_long", "ready", shop, {}, {**SMALL, "mde": 0.05}),
}
