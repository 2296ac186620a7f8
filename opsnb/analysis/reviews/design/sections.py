"""The sections of an experiment's design: tables and curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from opsnb.analysis.display import Absent, Column, Note, Paragraph, Part, Table, Toned, charts
from opsnb.analysis.methods.planning import best_shares
from opsnb.analysis.reviews.design.case import DesignCase
from opsnb.analysis.reviews.shared.blocked import withheld_metrics
from opsnb.analysis.reviews.shared.days_said import said_days
from opsnb.base.messages import Said, Text

POINTS = 40
"""Points of a curve."""

WEEKS = 12
"""Weeks that the curve over time covers at least."""


def baseline_parts(design: DesignCase) -> list[Part]:
    """One row a metric: mean, spread, what earlier behaviour explains."""
    ops, history = design.ops, design.history
    rows = []
    for name, base in history.baselines.items():
        ops.record(design.baseline_fact(name))
        ops.fact("design.variance", base.moments.var, "number", metric=name, n=base.moments.n)
        ops.fact("design.cuped_reduction", base.reduction, "share", metric=name)
        spec = {"share": "percent", "money": "exact_money"}.get(base.metric.unit, "number")
        rows.append(
            {
                "metric": base.metric.label,
                "mean": Text.of(f"common.{spec}", value=base.mean),
                "sd": base.moments.var**0.5,
                "explained": base.reduction,
            }
        )
    ops.record(design.traffic_fact)
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("mean", Text("design.column.mean"), "said"),
        Column("sd", Text("design.column.sd"), "number"),
        Column("explained", Text("design.column.explained"), "percent"),
    ]
    said = Text.of(
        "design.traffic", users=history.users, start=history.start, end=history.end,
        pace=design.traffic_fact.value,
    )  # fmt: skip
    parts: list[Part] = [Table(columns, rows), Paragraph(said)]
    parts += [*_record_notes(design), Note(Text("design.baseline_note"))]
    if len(design.shares) > 2:
        level = ops.fact("design.level", design.level, "share", method=design.across_arms)
        key = f"design.arms_{design.across_arms}"
        parts.append(Paragraph(Text.of(key, arms=len(design.shares) - 1, level=level.value)))
    if design.unit != "user":
        key = f"ab.unit.{design.unit}"
        unit = Text(key) if ops.language.has(key) else design.unit
        parts.append(Paragraph(Text.of("design.unit_note", unit=unit), "warn"))
    return parts


def _record_notes(design: DesignCase) -> list[Note]:
    """Days of the history that are not on record, and a record shorter than was asked for."""
    history, notes = design.history, []
    days = (history.end - history.start).days + 1
    if history.left_out:
        left_out, of = len(history.left_out), {"days": days, "spans": said_days(history.left_out)}
        design.ops.fact("design.days_left_out", left_out, "count", n=days)
        notes.append(Note(Text("design.left_out", {"left_out": left_out, **of})))
    if days < history.asked:
        notes.append(
            Note(Text.of("design.short", start=history.start, days=days, asked=history.asked))
        )
    if days > history.asked:
        notes.append(Note(Text.of("design.further", days=days, asked=history.asked)))
    return notes


def size_parts(design: DesignCase) -> list[Part]:
    """The curve of the smallest effect over users, with the point asked for."""
    ops, users = design.ops, design.users
    ops.record(design.users_fact)
    plain = design.users_needed(adjusted=False)
    xs = np.unique(np.geomspace(max(users / 8, 50), max(users, plain) * 2, POINTS).round())
    lines = [_curve(design, xs, adjusted=True, label=Text("design.adjusted"))]
    if design.baseline.reduction >= 0.005:
        lines.append(_curve(design, xs, adjusted=False, label=Text("design.unadjusted")))
    chart = charts.curves(
        [line for line in lines if len(line.xs) > 1],
        x_label=Text("design.axis.users"),
        y_label=Text("design.axis.mde"),
        claim=Text.of("design.chart.size", mde=design.mde, users=users),
        alt=Text("design.chart.size_alt"),
        source=_source(design),
        mark=(float(users), design.mde),
    )
    rows = [
        {
            "mde": mde,
            "users": design.users_needed(mde),
            "days": design.days_for(design.users_needed(mde)),
        }
        for mde in (design.mde / 2, design.mde, design.mde * 1.5, design.mde * 2, design.mde * 3)
    ]
    for row in rows:
        segment = f"mde={row['mde']:.6g}"
        ops.fact("design.users", row["users"], "count", metric=design.metric, segment=segment)
    columns = [
        Column("mde", Text("design.axis.mde"), "round_percent"),
        Column("users", Text("design.axis.users"), "integer"),
        Column("days", Text("design.axis.days"), "integer"),
    ]
    return [chart, Table(columns, rows, note=Text("design.days_note"))]


def duration_parts(design: DesignCase) -> list[Part]:
    """The curve of the smallest effect over calendar days at the current traffic."""
    ops, days = design.ops, design.days
    ops.record(design.days_fact)
    last = max(7 * WEEKS, min((days or 0) + 14, 364))
    weeks = list(range(7, last + 1, 7))
    found = [(day, design.detectable(design.users_after(day))) for day in weeks]
    known = [(float(day), mde) for day, mde in found if mde is not None]
    for day, mde in known:
        ops.fact("design.mde", mde, "relative", metric=design.metric, segment=f"days={day:g}")
    if len(known) < 2:
        return [Absent(Text("design.too_few"))]
    key = "duration" if days else "duration_never"
    return [
        charts.curves(
            [charts.Curve(Text("design.adjusted"), *zip(*known, strict=True))],
            x_label=Text("design.axis.days"),
            y_label=Text("design.axis.mde"),
            claim=Text.of(f"design.chart.{key}", mde=design.mde, days=days or 0),
            alt=Text("design.chart.duration_alt"),
            source=_source(design),
            mark=(float(days), design.mde) if days and days <= last else None,
        ),
        Note(Text("design.traffic_note")),
        *(
            [Note(Text.of("design.window_note", days=design.window_days))]
            if design.window_days
            else []
        ),
    ]


def choice_parts(design: DesignCase) -> list[Part]:
    """The plan's own choices beside their alternatives: users, days."""
    base = design.users
    plain = design.users_needed(adjusted=False)
    rows: list[dict[str, Any]] = [
        _choice(design, Text("design.choice.planned"), base),
        _choice(design, Text("design.choice.unadjusted"), plain),
    ]
    if design.looks > 1:
        single = round(base / design.inflation)
        rows.append(_choice(design, Text("design.choice.one_look"), single))
    arms = len(design.shares)
    if max(design.shares) - min(design.shares) > 1e-3:
        even = design.users_needed(shares=[1 / arms] * arms)
        rows.append(_choice(design, Text("design.choice.even_split"), even))
    if arms > 2:
        best = design.users_needed(shares=best_shares(arms - 1))
        rows.append(_choice(design, Text("design.choice.larger_control"), best))
        rows.append(
            _choice(design, Text("design.choice.two_arms"), design.users_needed(shares=[0.5, 0.5]))
        )
    saved = plain - base
    design.ops.fact(
        "design.cuped_days", _days_saved(design, plain, base), "days", metric=design.metric
    )
    columns = [
        Column("choice", Text("design.column.choice"), "said"),
        Column("users", Text("design.axis.users"), "integer"),
        Column("days", Text("design.axis.days"), "integer"),
    ]
    note = Text.of(
        "design.choice_note", looks=design.looks, saved=max(saved, 0) / plain,
        split=[Text.of("ab.trust.arm_split", arm=a, share=s) for a, s in design.arms.items()],
    )  # fmt: skip
    return [Table(columns, rows, note=note)]


def _choice(design: DesignCase, label: Said, users: int) -> dict[str, Any]:
    return {"choice": label, "users": users, "days": design.days_for(users)}


def _days_saved(design: DesignCase, plain: int, base: int) -> int | None:
    days = (design.days_for(plain), design.days_for(base))
    return None if days[0] is None or days[1] is None else days[0] - days[1]


def guardrail_parts(design: DesignCase) -> list[Part]:
    """The chance that each guardrail is shown to hold, at the planned size."""
    ops = design.ops
    if not design.guardrails:
        return [Absent(Text("design.no_guardrails"))]
    rows = []
    for each in design.guardrail_powers:
        ops.record(each.power, each.users)
        word = Text(f"design.guardrail.{'enough' if each.is_enough else 'weak'}")
        rows.append(
            {
                "metric": each.metric.label,
                "margin": design.margin,
                "power": each.power.value,
                "users": each.users.value,
                "status": Toned(None, "good" if each.is_enough else "warn", word),
            }
        )
    columns = [
        Column("metric", Text("ab.column.metric"), "said"),
        Column("margin", Text("ab.column.margin"), "round_percent"),
        Column("power", Text("ab.column.power"), "percent"),
        Column("status", Text("ab.column.status"), "said"),
        Column("users", Text.of("design.column.guardrail_users", power=design.power), "integer"),
    ]
    table = [Table(columns, rows, note=Text("design.guardrail_note"))] if rows else []
    return [*table, *withheld_metrics(ops, design.withheld)]


def plan_parts(text: str, path: Path | None, experiment: str) -> list[Part]:
    """The plan's lines, and whether they were written."""
    rows, section = [], ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif " = " in line:
            key, value = line.split(" = ", 1)
            rows.append({"section": section, "key": key, "value": value})
    columns = [
        Column("section", Text("design.column.section")),
        Column("key", Text("design.column.key")),
        Column("value", Text("design.column.value")),
    ]
    key = "design.plan.written" if path else "design.plan.preview"
    said = Text.of(key, path=f"plans/experiments/{experiment or 'ID'}.toml")
    return [Paragraph(said, "good" if path else "neutral"), Table(columns, rows)]


def _curve(design: DesignCase, xs: np.ndarray, *, adjusted: bool, label: Text) -> charts.Curve:
    found = [(float(x), design.detectable(float(x), adjusted=adjusted)) for x in xs]
    known = [(x, mde) for x, mde in found if mde is not None]
    return charts.Curve(label, [x for x, _ in known], [mde for _, mde in known])


def _source(design: DesignCase) -> Text:
    history = design.history
    return Text.of("design.source", users=history.users, start=history.start, end=history.end)
