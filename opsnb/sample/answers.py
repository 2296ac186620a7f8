"""What the planted facts came to in this build: the contents of data/truth.json.

`expected` figures average over the draws of order and cancellation; `realised` ones come
from reading the same draws with and without the cause, so they are exact for this build.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsnb.sample import days, experiments, truth
from opsnb.sample.experiments import Enrolment
from opsnb.sample.orders import Carts, Effect, World, without, world
from opsnb.sample.sessions import Sessions
from opsnb.sample.users import NOBODY, Users

Answer = dict[str, Any]
_MONTHS = {"september": 202609, "october": 202610}


def experiment(
    plan: truth.Experiment,
    enrolment: Enrolment,
    users: Users,
    carts: Carts,
    effects: Mapping[str, Effect],
) -> Answer:
    """The average effect over all recorded users: everyone treated against nobody treated."""
    window = experiments.exposed(enrolment, plan.window_days, users, carts)
    nobody = np.zeros(len(carts), dtype=bool)
    treated = world(carts, {**effects, plan.id: experiments.effect(plan, window)})
    control = world(carts, {**effects, plan.id: experiments.effect(plan, nobody)})
    members = enrolment.user[enrolment.recorded]
    arms = enrolment.variants()
    measures = {
        name: _compare(_per_user(treated, users, carts, window, members)[name],
                       _per_user(control, users, carts, window, members)[name])
        for name in ("order_conversion", "orders_per_user", "revenue_per_user", "margin_per_user")
    }  # fmt: skip
    measures["refund_rate"] = _compare_ratio(treated, control, window)
    return {
        "plan": asdict(plan),
        "enrolled": {v: int((arms == v).sum()) for v in (enrolment.control, enrolment.treatment)},
        "assigned": {
            v: int(((arms == v) & enrolment.recorded).sum())
            for v in (enrolment.control, enrolment.treatment)
        },
        "window": f"{plan.window_days} days from assigned_at",
        "average_effect": measures,
    }


def _per_user(
    is_so: World, users: Users, carts: Carts, window: NDArray[np.bool_], members: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    def total(values: NDArray[Any]) -> NDArray[Any]:
        return np.bincount(carts.user, values * window, minlength=len(users))[members]

    orders = total(is_so.kept)
    return {
        "order_conversion": (orders > 0).astype(float),
        "orders_per_user": orders,
        "revenue_per_user": total(is_so.net),
        "margin_per_user": total(is_so.margin),
    }


def _compare(treated: NDArray[np.float64], control: NDArray[np.float64]) -> Answer:
    return _difference(float(treated.mean()), float(control.mean()))


def _compare_ratio(treated: World, control: World, window: NDArray[np.bool_]) -> Answer:
    def rate(is_so: World) -> float:
        return float((is_so.refunded & window).sum() / (is_so.kept & window).sum())

    return _difference(rate(treated), rate(control))


def _difference(treated: float, control: float) -> Answer:
    return {
        "treated": treated,
        "control": control,
        "difference": treated - control,
        "relative": treated / control - 1,
    }


def golden_week(
    holdout: Enrolment, users: Users, carts: Carts, effects: Mapping[str, Effect]
) -> Answer:
    """Incremental GMV of the exposed, within the campaign and after it, and what it returned."""
    plan = truth.GOLDEN_WEEK
    actual = world(carts, effects)
    otherwise = world(carts, without(effects, plan.id))
    exposed = np.zeros(len(users), dtype=bool)
    exposed[holdout.user[holdout.treated]] = True
    on = exposed[carts.user]
    after = plan.end + dt.timedelta(days=1)
    until = plan.end + dt.timedelta(days=plan.post_days)
    spans = {
        "campaign": on & days.between(carts.day, plan.start, plan.end),
        "post": on & days.between(carts.day, after, until),
    }
    spans["net_of_dip"] = spans["campaign"] | spans["post"]
    effect = {
        name: {
            "realised_gmv_net": float((actual.net - otherwise.net)[rows].sum()),
            "realised_gmv_gross": float((actual.gross - otherwise.gross)[rows].sum()),
            "expected_gmv_gross": float(
                (actual.expected_gross - otherwise.expected_gross)[rows].sum()
            ),
            "realised_margin": float((actual.margin - otherwise.margin)[rows].sum()),
            "realised_orders": int(actual.kept[rows].sum() - otherwise.kept[rows].sum()),
        }
        for name, rows in spans.items()
    }
    exposed_users = int(holdout.treated.sum())
    for part in effect.values():
        part["realised_gmv_net_per_exposed_user"] = part["realised_gmv_net"] / exposed_users
    cost = sum(plan.actual.values())
    inside = days.between(carts.day, plan.start, plan.end)
    whole = float(actual.net[inside].sum())
    return {
        "plan": asdict(plan),
        "exposed_users": exposed_users,
        "holdout_users": int((~holdout.treated).sum()),
        "post_until": until.isoformat(),
        "effect": effect,
        "budget_total": sum(plan.budget.values()),
        "cost_total": cost,
        "gmv_net_in_campaign": whole,
        "roi_classic_direct": truth.GROSS_MARGIN * whole / cost - 1,
        "roi_incremental": effect["net_of_dip"]["realised_margin"] / cost - 1,
    }


def autumn_coupon(seed: int, carts: Carts, actual: World) -> Answer:
    """Nothing was caused; the comparison with the days before says otherwise."""
    plan = truth.AUTUMN_COUPON
    length = (plan.end - plan.start).days + 1
    before = plan.start - dt.timedelta(days=length), plan.start - dt.timedelta(days=1)
    daily = np.bincount(carts.day, actual.net, minlength=days.DAYS)
    demand = days.ambient(seed)
    every_day = np.arange(days.DAYS)
    inside, prior = days.between(every_day, plan.start, plan.end), days.between(every_day, *before)
    undisturbed = prior & ~days.between(every_day, truth.OUTAGE.start, truth.OUTAGE.end)
    return {
        "plan": asdict(plan),
        "effect_gmv_net": 0.0,
        "gmv_net_in_campaign": float(daily[inside].sum()),
        "naive_before_after": float(daily[inside].mean() / daily[prior].mean() - 1),
        "naive_without_outage_days": float(daily[inside].mean() / daily[undisturbed].mean() - 1),
        "ambient_before_after": float(demand[inside].mean() / demand[prior].mean() - 1),
        "budget_total": sum(plan.budget.values()),
        "cost_total": sum(plan.actual.values()),
        "missing_from_ledger": sorted(plan.budget.keys() - plan.actual.keys()),
        "controls": ["search_index", "market_visits"],
    }


def invite_friends(users: Users, sessions: Sessions) -> Answer:
    """K = invitations an inviter x registrations an invitation, counted within September."""
    plan = truth.INVITE_FRIENDS
    inside = days.between(sessions.day, plan.start, plan.end)
    invitations = int(sessions.invites[inside].sum())
    inviters = len(np.unique(sessions.user[inside & (sessions.invites > 0)]))
    joined = days.between(users.joined, plan.start, plan.end)
    invited = int((joined & (users.invited_by != NOBODY)).sum())
    active = len(np.unique(sessions.user[inside]))
    usual = plan.usual_invite_share * (1 + plan.usual_extra_invites) * plan.usual_acceptance
    senders = int((inside & (users.invited_by[sessions.user] == NOBODY)).sum())
    return {
        "plan": asdict(plan),
        "invitations": invitations,
        "inviters": inviters,
        "invited_users": invited,
        "expected_without_campaign": senders * usual,
        "increment": invited - senders * usual,
        "active_users": active,
        "invitations_per_inviter": invitations / inviters,
        "acceptance": invited / invitations,
        "k_factor": invited / inviters,
        "k_factor_per_active_user": invited / active,
        "cost_total": sum(plan.actual.values()),
    }


def outage(carts: Carts, effects: Mapping[str, Effect]) -> Answer:
    """Orders and GMV that the failed payments lost."""
    plan = truth.OUTAGE
    actual, otherwise = world(carts, effects), world(carts, without(effects, "outage"))
    hit = days.between(carts.day, plan.start, plan.end)
    return {
        "plan": asdict(plan),
        "orders_lost": int(otherwise.kept[hit].sum() - actual.kept[hit].sum()),
        "gmv_net_lost": float((otherwise.net - actual.net)[hit].sum()),
        "listed_in_events": True,
    }


def mix_shift(
    users: Users, sessions: Sessions, carts: Carts, effects: Mapping[str, Effect]
) -> Answer:
    """September to October: visits to orders by channel, as observed and as planted alone."""
    plan = truth.MIX_SHIFT
    channel, month = users.channel[sessions.user], days.months()[sessions.day]
    cart_channel, cart_month = users.channel[carts.user], days.months()[carts.day]
    size = len(truth.CHANNELS)
    visits = {k: np.bincount(channel[month == m], minlength=size) for k, m in _MONTHS.items()}
    answer: Answer = {"plan": asdict(plan), "channels": list(truth.CHANNELS)}
    answer["visit_share"] = {k: (v / v.sum()).tolist() for k, v in visits.items()}
    for name, chosen in (("with_everything", effects), ("without_other_causes", {})):
        placed = world(carts, chosen).placed
        orders = {
            k: np.bincount(cart_channel[(cart_month == m) & placed], minlength=size)
            for k, m in _MONTHS.items()
        }
        answer[name] = _kitagawa(visits, orders)
    return answer


def _kitagawa(
    visits: Mapping[str, NDArray[np.int64]], orders: Mapping[str, NDArray[np.int64]]
) -> Answer:
    """The change of the overall rate, split into mix and rate by their averages (Kitagawa)."""
    share, rate, overall = {}, {}, {}
    for month in _MONTHS:
        share[month] = visits[month] / visits[month].sum()
        rate[month] = orders[month] / visits[month]
        overall[month] = float(orders[month].sum() / visits[month].sum())
    before, after = _MONTHS
    return {
        "rate_overall": overall,
        "rate_by_channel": {month: values.tolist() for month, values in rate.items()},
        "mix": float(((share[after] - share[before]) * (rate[before] + rate[after]) / 2).sum()),
        "rate": float(((rate[after] - rate[before]) * (share[before] + share[after]) / 2).sum()),
    }


def tracking_gap() -> Answer:
    """Events that never arrived while orders did; the team's events do not list it."""
    return {"plan": asdict(truth.TRACKING_GAP), "listed_in_events": False}


def service() -> Answer:
    """Shares planted in surveys, tickets and tasks, October 2026 apart."""
    return asdict(truth.SERVICE)
