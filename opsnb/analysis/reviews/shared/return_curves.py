"""Whether those who came lately return more than those before them: two cohort curves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsnb.analysis.display import Part, charts
from opsnb.analysis.metrics.cohorts import CohortCounts
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder

AGES = 3
"""Months after arrival that are compared."""

TOGETHER = 3
"""Cohorts that are pooled into a curve: one alone is a matter of its month."""

SmallCells = frozenset[tuple[dt.date, int]]
"""Month and age of cohorts' counts that are too small to show."""


def curves(
    ops: Recorder, found: Sequence[CohortCounts], few: SmallCells, source: Said
) -> list[Part]:
    """The newest cohorts that are old enough beside as many before them; nothing where too few.

    Nothing either where a pooled count would give away one of `few`.

    Both are read at the same ages, over users who all could have returned by then.
    """
    old_enough = [cohort for cohort in found if len(cohort.active) > AGES]
    newer, before = old_enough[-TOGETHER:], old_enough[-2 * TOGETHER : -TOGETHER]
    if len(before) < TOGETHER:
        return []
    if any((cohort.month, age) in few for cohort in (*newer, *before) for age in range(AGES + 1)):
        return []
    ends, lines = {}, []
    for name, group in (("newer", newer), ("before", before)):
        users = sum(cohort.size for cohort in group)
        shares = [sum(c.active[age] for c in group) / users for age in range(1, AGES + 1)]
        for age, share in enumerate(shares, 1):
            ends[name] = ops.fact(
                "retention.curve", share, "share", n=users, segment=f"{name}+{age}"
            )
        label = Text.of("month.curves.label", first=group[0].month, last=group[-1].month)
        lines.append(charts.Curve(label, range(1, AGES + 1), shares))
    chart = charts.curves(
        lines,
        x_label=Text("month.curves.x"),
        y_label=Text("month.curves.y"),
        claim=Text.of("month.curves.claim", age=AGES, **ends),
        alt=Text.of("month.curves.alt", age=AGES, **ends),
        source=source,
        height=2.4,
    )
    return [chart]
