"""Whole readouts of simulated experiments: how often each verdict, and any false finding, comes.

A shop is drawn, written, opened and read as any other: split, trust tests, CUPED, guardrail,
secondary metrics, segments, days since exposure, verdict. What a page says of its own error
(a level of 5 %, p < .001 for what blocks) is held against what it does.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import opsnb
from benchmarks.cases import Rng
from benchmarks.simulations import Row, rate
from opsnb.analysis.findings import Fact
from opsnb.analysis.session import Session
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

FIRST, DAYS, BEFORE = dt.date(2026, 9, 7), 28, 28
USERS = 1500
"""Users an arm."""

LIFT, MARGIN, LOST = 0.25, 0.2, 0.2
"""True lift of those that have one; the guardrail's margin; share of an arm that gets lost."""

ALPHA, BLOCKS, BLOCKING = 0.05, 0.001, 5
"""Level of what is tested; level of what blocks, and how many such tests a readout has here:
split, split by group, outcomes before exposure, outcomes missing, values missing."""

ENGLISH = Language("en")
DIFFERS = ENGLISH.texts["ab.segment.differs"].partition(": ")[2].partition(" (")[0]
"""How a page says that segments differ."""

SETTINGS = """\
[workspace]
name = "Simulated"
timezone = "UTC"
currency = "USD"
as_of = {as_of}
gross_margin = 0.4
[sources.here]
url = "parquet://data"
"""
METRIC = """\
[metrics.complained]
label = "Complaints"
kind = "proportion"
table = "outcomes"
value = "complained"
unit = "share"
direction = "down"
"""
PLAN = """\
name = "Simulated"
hypothesis = "More orders"
start = {start}
end = {end}
control = "control"
split = {{{split}}}
segments = ["device", "channel"]
covariate_days = {before}
[primary]
metric = "orders_per_user"
mde = 0.1
[[guardrails]]
metric = "complained"
margin = {margin}
[[secondary]]
metric = "order_conversion"
[[secondary]]
metric = "revenue_per_user"
"""


def shop(
    rng: Rng, root: Path, lifts: dict[str, float], lost: float = 0.0, device: str = ""
) -> None:
    """A shop with an experiment: a control, and arms whose orders are (1 + lift) times as many.

    Users differ in how much they order (gamma), before as after; channels differ in that too.
    `lost` is the share of the last arm's users that the log does not hold; `device` the one
    whose users alone react, empty for all.
    """
    arms = {"control": 0.0, **lifts}
    n = USERS * len(arms)
    variant = rng.permutation(np.repeat(list(arms), USERS))
    last = list(arms)[-1]
    kept = (variant != last) | (rng.random(n) >= lost)
    start, end = pd.Timestamp(FIRST), pd.Timestamp(FIRST) + pd.Timedelta(days=DAYS)
    joined = start + pd.to_timedelta(rng.integers(0, DAYS * 86_400, n), unit="s")
    channel = rng.choice(["search", "social"], n, p=[0.6, 0.4])
    users = pd.DataFrame(
        {
            "user_id": np.char.add("u", np.arange(n).astype(str)),
            "variant": variant,
            "assigned_at": joined,
            "device": rng.choice(["android", "ios"], n),
            "channel": channel,
        }
    )
    pace = rng.gamma(1.5, np.where(channel == "search", 0.05, 0.03), n)
    reacts = (users.device == device) | (device == "")
    more = 1 + np.array([arms[arm] for arm in variant]) * reacts.to_numpy()
    spans = [
        (start - pd.Timedelta(days=BEFORE), joined, pace),
        (joined, end, pace * more),
    ]
    orders = pd.concat([_orders(rng, users.user_id, *span) for span in spans], ignore_index=True)
    orders["order_id"] = np.char.add("o", np.arange(len(orders)).astype(str))
    tables = {
        "assignments": users[kept].assign(experiment_id="test"),
        "orders": orders,
        "outcomes": users[["user_id"]].assign(complained=(rng.random(n) < 0.3).astype(float)),
    }
    (root / "data").mkdir()
    (root / "plans" / "experiments").mkdir(parents=True)
    settings = SETTINGS.format(as_of=(end + pd.Timedelta(days=1)).date())
    for name, table in tables.items():
        table.to_parquet(root / "data" / f"{name}.parquet", index=False)
        settings += f'[tables.{name}]\nsource = "here"\ntable = "{name}"\n'
    (root / "opsnb.toml").write_text(settings + METRIC, encoding="utf-8")
    plan = PLAN.format(
        start=FIRST, end=FIRST + dt.timedelta(days=DAYS - 1), before=BEFORE, margin=MARGIN,
        split=", ".join(f"{arm} = {1 / len(arms):.6f}" for arm in arms),
    )  # fmt: skip
    (root / "plans" / "experiments" / "test.toml").write_text(plan, encoding="utf-8")


def _orders(rng: Rng, user: pd.Series, since: Any, until: Any, pace: np.ndarray) -> pd.DataFrame:
    """Orders of each user between two moments, so many a day on average."""
    seconds = np.broadcast_to((until - since).total_seconds(), user.shape)
    owner = np.repeat(np.arange(len(user)), rng.poisson(pace * seconds / 86_400))
    after = pd.to_timedelta(rng.random(len(owner)) * seconds[owner], unit="s").floor("s")
    first = since[owner] if isinstance(since, pd.DatetimeIndex) else since
    return pd.DataFrame(
        {
            "user_id": user.to_numpy()[owner],
            "ordered_at": first + after,
            "amount": rng.lognormal(3, 0.8, len(owner)).round(2),
        }
    )


@dataclass(frozen=True)
class Reading:
    """What a readout comes to.

    Attributes
    ----------
    word : str
        ship, hold, stop or invalid.
    found : frozenset of str
        What its page finds beside that: segment, novelty, imbalance.
    lift : Fact or None
        The last arm's on the primary metric, with the interval that decides.
    guarded : float
        The chance that the page gives the guardrail to be shown to hold; of the first arm.
    parted : bool
        Whether any treatment is shown to be better than another one.
    """

    word: str
    found: frozenset[str]
    lift: Fact | None
    guarded: float
    parted: bool


def read(root: Path) -> Reading:
    """The readout of `shop`, by the steps of the playbook."""
    ops = Session(Workspace.load(root), "ab_readout", languages=["en"])
    made = opsnb.Experiment(ops, "test")
    for step in ("trust_gate", "primary", "guardrails", "secondary", "novelty"):
        getattr(made, step)()
    segments = made.segments().plain(ENGLISH)
    made.summary()
    trend = [fact.p_value for fact in ops.facts.values() if fact.id == "ab.novelty_trend"]
    uneven = [check.status != "pass" for name, check in ops.checks.items() if "pre_period" in name]
    found = {
        "segment": DIFFERS in segments,
        "novelty": any(p is not None and p < ALPHA for p in trend),
        "imbalance": any(uneven),
    }
    results = made.results
    return Reading(
        str(ops.facts["ab.verdict"].value),
        frozenset(name for name, is_found in found.items() if is_found),
        results.effects[-1].lift if results.effects else None,
        float(results.guardrails[0].power.value or 0) if results.guardrails else 0.0,
        any(pair.effect.diff.significant for pair in results.pairs),
    )


def readings(rng: Rng, runs: int, lifts: dict[str, float], lost: float = 0.0) -> list[Reading]:
    """So many simulated experiments, each read as a whole."""
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as root:
            shop(rng, Path(root), lifts, lost)
            found.append(read(Path(root)))
    return found


def without_effect(rng: Rng, runs: int) -> list[Row]:
    """Nothing was done: what is found nevertheless, against what the page says of its error."""
    found = readings(rng, runs, {"b": 0.0})
    words = Counter(reading.word for reading in found)
    most = {"ship": ALPHA / 2, "stop": ALPHA, "invalid": BLOCKS * BLOCKING}
    rows = [_at_most(f"A/A: {word.upper()}", words[word], runs, most[word]) for word in most]
    most = {"segment": ALPHA, "novelty": ALPHA, "imbalance": BLOCKS}
    for name, share in most.items():
        rows.append(_at_most(f"A/A: {name} found", _with(found, name), runs, share))
    anything = sum(bool(reading.found) for reading in found)
    return [*rows, _at_most("A/A: any of these found", anything, runs, sum(most.values()))]


def with_effect(rng: Rng, runs: int) -> list[Row]:
    """Orders grow alike for everybody, in half as many runs: only that is to be found."""
    runs = max(runs // 2, 10)
    found = readings(rng, runs, {"b": LIFT})
    words, valid = Counter(r.word for r in found), [r for r in found if r.lift is not None]
    power = float(np.mean([reading.guarded for reading in valid]))
    inside = sum(_covers(reading.lift, LIFT) for reading in valid)
    what = f"lift {LIFT:.0%}"
    return [
        rate(f"{what}: SHIP, as the guardrail's power says", words["ship"], runs, power),
        _at_most(f"{what}: STOP", words["stop"], runs, ALPHA / 2),
        _at_most(f"{what}: INVALID", words["invalid"], runs, BLOCKS * BLOCKING),
        rate(f"{what}: the deciding interval covers", inside, len(valid), 1 - ALPHA),
        _at_most(f"{what}: segment found", _with(found, "segment"), runs, ALPHA),
        _at_most(f"{what}: novelty found", _with(found, "novelty"), runs, ALPHA),
    ]


def several_arms(rng: Rng, runs: int) -> list[Row]:
    """Three arms that do nothing, and three that do the same, in a tenth of the runs each."""
    runs = max(runs // 10, 10)
    idle = readings(rng, runs, dict.fromkeys("bcd", 0.0))
    alike = readings(rng, runs, dict.fromkeys("bcd", LIFT))
    wins = sum(reading.word == "ship" for reading in idle)
    parted = sum(reading.parted for reading in alike)
    return [
        _at_most("A/A, 3 arms: SHIP", wins, runs, ALPHA / 2),
        _at_most(f"3 arms, each lift {LIFT:.0%}: one better than another", parted, runs, ALPHA),
    ]


def broken_split(rng: Rng, runs: int) -> list[Row]:
    """A part of an arm never reached the log: no result, however large the effect."""
    found = readings(rng, max(runs // 10, 10), {"b": LIFT}, lost=LOST)
    seen = sum(reading.word == "invalid" for reading in found)
    row = rate(f"lift {LIFT:.0%}, {LOST:.0%} of an arm lost: INVALID", seen, len(found), 0.99)
    return [Row(row.what, row.value, row.low, 1.0)]


def _with(found: list[Reading], name: str) -> int:
    return sum(name in reading.found for reading in found)


def _covers(lift: Fact | None, truth: float) -> bool:
    low, high = (lift.low, lift.high) if lift else (None, None)
    return low is not None and high is not None and low < truth < high


def _at_most(what: str, hits: int, runs: int, share: float) -> Row:
    return rate(what, hits, runs, share, side="at_most")


READOUTS: dict[str, Callable[[Rng, int], list[Row]]] = {
    "readouts_without": without_effect,
    "readouts_with": with_effect,
    "readouts_arms": several_arms,
    "readouts_broken": broken_split,
}
