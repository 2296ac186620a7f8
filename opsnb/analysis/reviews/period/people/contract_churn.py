"""Churn of contracts: rate by kind, survival by age, and a model held against the other half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opsnb.analysis.display import (
    Absent,
    Checks,
    Column,
    Note,
    Paragraph,
    Part,
    Table,
    Withheld,
    charts,
)
from opsnb.analysis.findings import Check
from opsnb.analysis.methods.calibration import Calibration, reliability
from opsnb.analysis.methods.ltv import ShiftedBetaGeometric, fit_leaving
from opsnb.analysis.methods.proportions import newcombe, wilson
from opsnb.analysis.methods.survival import Survival, survival
from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.metrics.lifespans import Lifespans, Recorded, lifespans, recorded
from opsnb.analysis.reviews.period.people.churn import calibration_plot
from opsnb.analysis.reviews.shared.breakdowns import group_name, measured_by
from opsnb.base.errors import MethodError
from opsnb.base.messages import Said, Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

AGE_BANDS: tuple[tuple[int, int | None], ...] = ((1, 3), (4, 12), (13, 24), (25, 48), (49, None))
"""First and last month of age."""

BEGIN = 3
"""Youngest months of age that tell how many begin in a month."""

TOO_MANY = 3.0

MOST_GROUPS = 3
YEAR = 12
GOOD_ERROR = 0.25
"""Mean distance between predicted and actual churn, over the mean churn, that is still good."""

LEAST_MONTHS = 100
"""Months under contract of a group, over all its users, below which it is not modelled."""


@dataclass(frozen=True)
class Stay:
    """A group's survival, and the model of it (None where it has no maximum)."""

    spans: Lifespans
    curve: Survival
    model: ShiftedBetaGeometric | None


def contract_churn(
    evidence: PeriodEvidence, by: str = "contract", complete: bool = False
) -> list[Part]:
    """Churn in the month and by age, how long contracts last, and what the model of it is worth.

    Parameters
    ----------
    complete : bool
        Whether everybody who ever left is in the table, however late its first end is.
    """
    rows = evidence.ops.rows
    known = by in rows.table("users").expr.columns
    since = recorded(rows, evidence.period.end)
    if since is None:
        return [Absent(Text("month.contracts.none"))]
    column = by if known else None
    [whole] = lifespans(rows, evidence.period.end, complete=complete)
    parts = [*_rates(evidence, column), _by_age(evidence, whole)]
    if not complete and contradicts(whole):
        check = _contradiction(evidence, whole)
        return [*parts, Checks([check]), Note(_note(since, complete))]
    stays = _stays(evidence, column, complete)
    if stays:
        parts += [_curves(evidence, stays, since), _table(evidence, stays)]
        parts += _judged(evidence, column, complete)
    return [*parts, Note(_note(since, complete))]


def contradicts(whole: Lifespans) -> bool:
    """Whether far more users are older than a year than the churn observed would have left over.

    With as many beginning each month as in the youngest months of age, and leaving as observed,
    the users of each age would be those that survival leaves. Three times as many beyond a
    year say that the months observed were not usual, or that users are missing.
    """
    return _older(whole) > TOO_MANY * max(_expected_older(whole), 1.0)


def _older(whole: Lifespans) -> float:
    return float(whole.at_risk[YEAR:].sum())


def _expected_older(whole: Lifespans) -> float:
    """Users beyond the first year that survival would have left over of what begins."""
    curve = survival(np.maximum(whole.at_risk, whole.left), whole.left).share
    begin = float(whole.at_risk[:BEGIN].mean())
    return begin * float(curve[YEAR - 1 : -1].sum()) if len(curve) > YEAR else 0.0


def _contradiction(evidence: PeriodEvidence, whole: Lifespans) -> Check:
    """Says that the age of users and their churn contradict each other."""
    older = evidence.ops.fact("churn.older", _older(whole), "count")
    expected = evidence.ops.fact("churn.older_expected", _expected_older(whole), "count")
    text = Text.of("month.contracts.contradiction", older=older, expected=expected)
    return evidence.ops.check("contract_ages", "warn", text, older, expected)


def _by_age(evidence: PeriodEvidence, whole: Lifespans) -> Table:
    """Churn a month of users by how long they had been there."""
    rows: list[dict[str, Any]] = []
    ended = {band: round(whole.left[band[0] - 1 : band[1]].sum()) for band in AGE_BANDS}
    hidden = evidence.ops.groups_to_withhold("churn.by_age", ended)
    for first, last in AGE_BANDS:
        risk = float(whole.at_risk[first - 1 : last].sum())
        left = float(ended[first, last])
        if risk < LEAST_MONTHS:
            continue
        name = f"{first}-{last}" if last else f"{first}+"
        key = "month.contracts.from_to" if last else "month.contracts.from"
        age = Text.of(key, first=first, last=last)
        if (first, last) in hidden:
            cells = dict.fromkeys(("left", "rate", "range"), evidence.ops.withheld)
            rows.append({"age": age, "months": risk, **cells})
            continue
        share = wilson(round(left), round(risk))
        fact = evidence.ops.fact(
            "churn.by_age", share.value, "share", low=share.low, high=share.high, segment=name,
            n=share.n, method="wilson",
        )  # fmt: skip
        rows.append(
            {
                "age": age,
                "months": risk,
                "left": left,
                "rate": fact,
                "range": Text.of("month.outlook.percent", bounds=fact),
            }
        )
    columns = [
        Column("age", Text("month.contracts.age"), "said"),
        Column("months", Text("month.contracts.months"), "integer"),
        Column("left", Text("month.contracts.left"), "integer"),
        Column("rate", Text("month.contracts.monthly"), "percent"),
        Column("range", Text("month.contracts.range"), "said", "right"),
    ]
    return Table(columns, rows)


def _note(since: Recorded, complete: bool) -> Text:
    if since.missing and not complete:
        return Text.of(
            "month.contracts.late", first=since.first, missing=since.missing, months=since.months
        )
    return Text.of("month.contracts.note", first=since.first)


def _rates(evidence: PeriodEvidence, by: str | None) -> list[Part]:
    """Users there as the month began, who ended, and the rate beside last month's."""
    ops = evidence.ops
    periods = [evidence.period.previous(), evidence.period]
    whole = {m.period: m for m in ops.meter.measure("churn_rate", periods)}
    now = whole[evidence.period.key]
    if now.value is None:
        return []
    total = ops.fact("churn.rate", now.value, "share", n=now.n)
    line = Text.of("month.contracts.line", left=now.numerator, n=now.n, rate=total)
    before = whole[periods[0].key]
    if before.value and before.numerator:
        gap = newcombe(round(before.numerator), before.n, round(now.numerator or 0), now.n)
        change = ops.fact("churn.change", gap.value, "points", low=gap.low, high=gap.high, n=now.n,
                          method="newcombe")  # fmt: skip
        line = Text.of(
            "month.contracts.line_change", left=now.numerator, n=now.n, rate=total, change=change
        )
    if by is None:
        return [Paragraph(line)]
    measured = measured_by(ops, "churn_rate", periods, by)
    groups = {(m.group or "", m.period): m for m in measured}
    rows: list[dict[str, Any]] = []
    for (group, period), one in groups.items():
        if period != evidence.period.key or (one.value is None and not one.withheld):
            continue
        if one.withheld:
            cells = dict.fromkeys(("n", "left", "rate", "before"), ops.withheld)
            rows.append({"group": group_name(group), **cells})
            continue
        ops.fact("churn.rate", one.value, "share", segment=group, n=one.n)
        earlier = groups.get((group, periods[0].key))
        rows.append(
            {
                "group": group_name(group),
                "n": one.n,
                "left": one.numerator,
                "rate": one.value,
                "before": _before(evidence, earlier),
            }
        )
    rows.sort(key=lambda row: 0 if isinstance(row["rate"], Withheld) else -row["rate"])
    columns = [
        Column("group", evidence.word("dimension", by), "said"),
        Column("n", Text("month.contracts.there"), "integer"),
        Column("left", Text("month.contracts.left"), "integer"),
        Column("rate", Text("month.contracts.rate"), "percent"),
        Column("before", Text("month.voice.before"), "percent"),
    ]
    return [Paragraph(line), Table(columns, rows, order=Text("month.contracts.order"))]


def _before(evidence: PeriodEvidence, earlier: Measured | None) -> float | Withheld | None:
    if earlier is None:
        return None
    return (
        evidence.ops.withheld if earlier.withheld else earlier.value if earlier.numerator else None
    )


def _stays(evidence: PeriodEvidence, by: str | None, complete: bool) -> list[Stay]:
    found = []
    for spans in lifespans(evidence.ops.rows, evidence.period.end, by, complete=complete)[
        :MOST_GROUPS
    ]:
        least = evidence.ops.workspace.min_cell
        if spans.at_risk.sum() < LEAST_MONTHS or spans.at_risk[0] < least:
            continue
        seen = np.flatnonzero(spans.at_risk)
        start = int(seen[0])
        if start:  # nobody was seen in the first months of age
            continue
        found.append(Stay(spans, survival(spans.at_risk, spans.left), _model(spans)))
    return found


def _model(spans: Lifespans) -> ShiftedBetaGeometric | None:
    try:
        return fit_leaving(spans.at_risk, spans.left)
    except MethodError:
        return None


def _name(group: str) -> Said:
    return group or Text("month.voice.all")


def _curves(evidence: PeriodEvidence, stays: list[Stay], since: Recorded) -> Part:
    lines = [
        charts.Curve(
            _name(stay.spans.group),
            list(range(len(stay.curve.share) + 1)),
            [1.0, *stay.curve.share.tolist()],
        )
        for stay in stays
    ]
    first = stays[0]
    at = min(YEAR, len(first.curve.share))
    return charts.curves(
        lines,
        x_label=Text("month.contracts.age"),
        y_label=Text("month.contracts.share"),
        claim=Text.of(
            "month.contracts.claim", group=_name(first.spans.group), months=at,
            share=float(first.curve.share[at - 1]),
        ),
        alt=Text.of("month.contracts.alt", n=len(lines)),
        source=Text.of("month.contracts.source", first=since.first, last=evidence.period.end),
    )  # fmt: skip


def _table(evidence: PeriodEvidence, stays: list[Stay]) -> Table:
    rows: list[dict[str, Any]] = []
    for stay in stays:
        name, curve = stay.spans.group, stay.curve
        row: dict[str, Any] = {"group": _name(name), "months": float(stay.spans.at_risk.sum())}
        row["median"] = curve.median
        if len(curve.share) >= YEAR:
            row["year"] = evidence.ops.fact(
                "churn.survival", float(curve.share[YEAR - 1]), "share",
                low=float(curve.low[YEAR - 1]), high=float(curve.high[YEAR - 1]),
                segment=name, n=int(stay.spans.at_risk[0]), method="kaplan_meier",
            )  # fmt: skip
            row["range"] = Text.of("month.outlook.percent", bounds=row["year"])
        if stay.model is not None:
            evidence.ops.fact("churn.sbg", stay.model.alpha, "number", segment=f"{name}:alpha")
            evidence.ops.fact("churn.sbg", stay.model.beta, "number", segment=f"{name}:beta")
            row["model"] = float(stay.model.survival(YEAR)[-1])
        rows.append({"year": None, "range": None, "model": None, **row})
    columns = [
        Column("group", Text("month.contracts.group"), "said"),
        Column("months", Text("month.contracts.months"), "integer"),
        Column("median", Text("month.contracts.median"), "integer"),
        Column("year", Text("month.contracts.year"), "percent"),
        Column("range", Text("month.contracts.range"), "said", "right"),
        Column("model", Text("month.contracts.model"), "percent"),
    ]
    return Table(columns, rows, note=Text("month.contracts.table_note"))


def judge_halves(evidence: PeriodEvidence, by: str | None, complete: bool) -> Calibration | None:
    """Models of one half of the users against the months of the other half."""
    first, second = (
        lifespans(evidence.ops.rows, evidence.period.end, by, half=half, complete=complete)
        for half in (0, 1)
    )
    models = {one.group: _model(one) for one in first if one.at_risk.sum() >= LEAST_MONTHS}
    chance, left, cases = [], [], []
    for one in second:
        model = models.get(one.group)
        if model is None:
            continue
        seen = np.flatnonzero(one.at_risk)
        chance.append(model.leaving(seen + 1))
        left.append(one.left[seen])
        cases.append(one.at_risk[seen])
    if not chance:
        return None
    return reliability(np.concatenate(chance), np.concatenate(left), np.concatenate(cases))


def _judged(evidence: PeriodEvidence, by: str | None, complete: bool) -> list[Part]:
    check = judge_halves(evidence, by, complete)
    if check is None:
        return []
    ops = evidence.ops
    n = sum(group.actual.n for group in check.groups)
    error = ops.fact("churn.calibration_error", check.error, "points", n=n)
    mean = sum(group.actual.value * group.actual.n for group in check.groups) / n
    good = check.error <= GOOD_ERROR * mean
    text = Text.of(f"month.contracts.{'good' if good else 'poor'}", error=100 * check.error)
    plot = calibration_plot(
        evidence,
        check,
        claim=Text.of("month.contracts.plot", n=n, error=100 * check.error),
        source=Text("month.contracts.plot_source"),
        names=("leavers", 0),
    )
    return [Checks([ops.check("churn_model", "pass" if good else "warn", text, error)]), plot]
