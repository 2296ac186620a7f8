"""The sample company: Lantern Market (灯市集), simulated with facts planted in it.

`build` writes two years of a consumer shop's data. Which facts are planted, and how strong,
is in `truth.py`; what they came to is written to `data/truth.json`, so that every method and
playbook can be judged against the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from opsnb.base.errors import WorkspaceError
from opsnb.sample import (
    activity,
    answers,
    campaigns,
    experiments,
    orders,
    service,
    sessions,
    truth,
    users,
    voice,
    writing,
)
from opsnb.sample.words import Words

__all__ = ["build", "simulate"]

Progress = Callable[[str], None]


def build(root: Path, seed: int = truth.SEED, progress: Progress | None = None) -> dict[str, Any]:
    """Writes the sample company under `root`: data/shop/*.parquet and data/truth.json.

    Parameters
    ----------
    root : Path
        Workspace folder. Existing sample data are replaced once the new ones are complete.
    seed : int
        Same seed, same contents.
    progress : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    dict
        `folder`, `seed`, `first_day`, `last_day`, `as_of` (ISO dates), and `rows` by table.

    Raises
    ------
    WorkspaceError
        A negative seed, a folder that cannot be written, or foreign files in data/shop.
    """
    if seed < 0:
        raise WorkspaceError(f"the seed is {seed}", where="seed", hint="give 0 or more")
    tables, planted = simulate(seed, progress)
    (progress or _silent)("writing")
    writing.write(Path(root), tables, planted)
    return {
        "folder": str(Path(root) / "data"),
        "seed": seed,
        "first_day": truth.START.isoformat(),
        "last_day": truth.END.isoformat(),
        "as_of": truth.AS_OF.isoformat(),
        "rows": {name: table.num_rows for name, table in tables.items()},
    }


def simulate(
    seed: int = truth.SEED, progress: Progress | None = None
) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """The tables by name, and the planted truths; nothing is written."""
    say = progress or _silent
    say("users and visits")
    people, visits = sessions.simulate(seed, users.arrivals(seed))

    say("experiments and campaigns")
    carts = orders.fill(seed, people, visits)
    enrolments = {
        plan.id: experiments.enrol(seed, plan, people, visits) for plan in truth.EXPERIMENTS
    }
    holdout = campaigns.hold_out(seed, visits)
    effects = {
        plan.id: experiments.effect(
            plan,
            experiments.exposed(enrolments[plan.id], plan.window_days, people, carts)
            & experiments.in_treatment(enrolments[plan.id], people, carts),
        )
        for plan in truth.EXPERIMENTS
    }
    on = experiments.in_treatment(holdout, people, carts)
    effects[truth.GOLDEN_WEEK.id] = campaigns.golden_week(carts, on)
    effects["outage"] = orders.outage(carts)
    actual = orders.world(carts, effects)
    tags = campaigns.tag(seed, people, visits, holdout)

    say("tables")
    registered = activity.registered_at(seed, people, visits)
    ids, words = activity.user_ids(registered), Words.load()
    tables = {
        "users": activity.users_table(people, ids, registered),
        "events": activity.events_table(seed, people, ids, visits, tags, carts, actual),
        "orders": activity.orders_table(people, ids, tags, carts, actual),
        "spend": pa.table(campaigns.spend(seed)),
        "assignments": activity.assignments_table(people, ids, [*enrolments.values(), holdout]),
        "series": activity.series_table(seed, people, carts, actual),
        "surveys": voice.surveys_table(seed, ids, visits, words),
        "tickets": service.tickets_table(seed, ids, visits, words),
        "tasks": service.tasks_table(seed, words),
    }

    say("truths")
    planted = {
        "seed": seed,
        "data": {"first_day": truth.START, "last_day": truth.END, "as_of": truth.AS_OF},
        "campaigns": {
            "golden_week": answers.golden_week(holdout, people, carts, effects),
            "autumn_coupon": answers.autumn_coupon(seed, carts, actual),
            "invite_friends": answers.invite_friends(people, visits),
        },
        "experiments": {
            plan.id: answers.experiment(plan, enrolments[plan.id], people, carts, effects)
            for plan in truth.EXPERIMENTS
        },
        "outage": answers.outage(carts, effects),
        "tracking_gap": answers.tracking_gap(),
        "mix_shift": answers.mix_shift(people, visits, carts, effects),
        "service": answers.service(),
    }
    return tables, planted


def _silent(stage: str) -> None:
    """Says nothing."""
