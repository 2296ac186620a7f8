"""The section that says what the campaign added, and how far that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsnb.analysis.display import Absent, Checks, Note, Paragraph, Part, charts
from opsnb.analysis.findings import Fact, Prediction
from opsnb.analysis.reviews.campaign.effect_facts import EffectFacts, tone
from opsnb.analysis.reviews.campaign.flattering_numbers import naive_table
from opsnb.analysis.reviews.campaign.report_status import is_invalid, record_checks
from opsnb.analysis.reviews.campaign.wording import count, each
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.case import CampaignCase
    from opsnb.analysis.reviews.campaign.increment import Increment


def effect_parts(case: CampaignCase) -> list[Part]:
    """Claim, chart, checks, and the naive numbers beside it; else why nothing can be said."""
    ops, found, effect = case.ops, case.increment, case.effect
    order = Note(Text("campaign.effect.order"))
    skipped = [Note(text) for text in found.passed_over]
    if effect is None:
        return [Absent(Text("campaign.effect.none")), *skipped, order]
    ops.record(*effect.all)
    claim = _claim(case, effect)
    parts: list[Part] = [Paragraph(claim, tone(effect.headline))]
    if effect.relative is not None:
        parts.append(
            Paragraph(
                Text.of(
                    "campaign.effect.relative", relative=effect.relative, average=effect.average,
                    per=_per(found),
                )
            )
        )  # fmt: skip
    if effect.after is not None:
        parts.append(Paragraph(_dip(found, effect, effect.after)))
    parts.append(_chart(case, found))
    record_checks(ops, case.effect_checks)
    parts.append(Checks(case.effect_checks))
    parts += naive_table(case, effect.during)
    if not is_invalid(case.effect_checks):
        _tell(case, effect, claim)
    return [*parts, *skipped, order]


def _tell(case: CampaignCase, effect: EffectFacts, claim: Text) -> None:
    """The effect, a loss after it that is shown, and the prediction, as findings."""
    found, head = case.increment, effect.headline
    case.ops.finding(claim, head, grade=found.grade, tone=tone(head), section="effect")
    after = effect.after
    if after is not None and after.high is not None and (after.high < 0 or found.given_back):
        dip = _dip(found, effect, after)
        case.ops.finding(dip, after, grade=found.grade, tone="warn", section="effect")
    _score_prediction(case, head)


def _claim(case: CampaignCase, effect: EffectFacts) -> Text:
    state = {"good": "up", "bad": "down", "warn": "open"}[tone(effect.headline)]
    return Text.of(
        f"campaign.effect.claim_{state}",
        metric=case.ops.label(case.plan.metric),
        effect=effect.headline,
        span=_span(case.increment, effect),
    )


def _span(found: Increment, effect: EffectFacts) -> Text:
    """Of which days the effect is, and how many of them were judged."""
    one = found.judged
    unit, days = Text(f"step.unit.{one.every}"), count(found.after_days, one.every)
    span = "during" if effect.net is None else "net"
    said = Text.of(f"campaign.effect.span_{span}", unit=unit, days=days)
    if not one.is_part:
        return said
    judged, of = one.window + one.after, count(one.of + one.after_of, one.every)
    return Text.of("campaign.effect.span_part", span=said, judged=judged, of=of, unit=unit)


def _per(found: Increment) -> Text:
    """What the average is of: each day of the campaign, or each that was judged."""
    one, where = found.judged, "region" if found.regions else "step"
    part = "_judged" if one.window < one.of else ""
    return Text.of(
        f"campaign.effect.per_{where}{part}", each=each(one.every),
        judged=count(one.window, one.every),
    )  # fmt: skip


def _dip(found: Increment, effect: EffectFacts, after: Fact) -> Text:
    """What was given back over all days after, else in the first weeks, where it is shown."""
    assert after.low is not None and after.high is not None
    days, early = count(found.after_days, found.judged.every), found.given_back
    if early and after.high >= 0:
        weeks = f"campaign.effect.dip_{'week' if len(early) == 1 else 'weeks'}"
        return Text.of(weeks, week=effect.weeks[0], weeks=len(early), effect=after, days=days)
    state = "down" if after.high < 0 else "up" if after.low > 0 else "open"
    return Text.of(f"campaign.effect.dip_{state}", effect=after, days=days)


def _chart(case: CampaignCase, found: Increment) -> Part:
    claim = Text.of(
        f"campaign.effect.chart_{found.method}",
        metric=case.ops.label(case.plan.metric),
    )
    if found.path is None:
        return _forest(case, found, claim)
    path, plan = found.path, case.plan
    sources = {
        "series": Text.of("campaign.effect.source_series", controls=list(plan.controls)),
        "geo": Text.of("campaign.effect.source_geo", weights=_weights(found)),
        "did": Text.of("campaign.effect.source_did", regions=list(plan.treated_units)),
    }
    return charts.counterfactual(
        path.dates, path.observed, path.expected, path.low, path.high,
        claim=claim,
        alt=Text.of(
            f"campaign.effect.alt_{'series' if found.method == 'series' else 'regions'}",
            days=count(len(path.dates), found.judged.every),
        ),
        source=sources[found.method],
        difference_label=Text.of("campaign.effect.difference", each=each(found.judged.every)),
        format=case.format,
        events=[charts.Event(plan.start, plan.name, plan.end)] if plan.start else [],
    )  # fmt: skip


def _weights(found: Increment) -> list[Text]:
    """The heaviest regions of the synthetic control."""
    heavy = sorted(found.scrutiny.weights.items(), key=lambda row: -row[1])[:4]
    return [Text.of("campaign.effect.weight", region=name, weight=w) for name, w in heavy]


def _forest(case: CampaignCase, found: Increment, claim: Text) -> Part:
    weeks = [
        (Text.of("campaign.effect.row_week", first=week.first, last=week.last), week.effect)
        for week in found.weeks
    ]
    named = [
        (Text("campaign.effect.row_during"), found.during),
        *weeks,
        (Text("campaign.effect.row_after"), found.after),
        (Text("campaign.effect.row_net"), found.net),
    ]
    rows = [
        charts.Effect(label, e.value, e.low, e.high, strong=e is found.net)
        for label, e in named
        if e is not None
    ]
    return charts.forest(
        rows,
        claim=claim,
        alt=Text.of("campaign.effect.alt_forest", rows=len(rows)),
        source=Text.of(
            f"campaign.effect.source_holdout{'' if found.pre_days else '_plain'}",
            exposed=found.users,
            held=found.holdout_users,
            days=found.pre_days,
        ),
        format=f"signed_{case.format}",
    )


def _score_prediction(case: CampaignCase, observed: Fact) -> None:
    """The plan's prediction against what came out, recorded to be scored."""
    expected, plan = case.plan.predicted, case.plan
    if expected is None:
        return
    case.ops.predict(
        Prediction(
            what=Text.of("campaign.prediction", metric=case.ops.label(plan.metric), name=plan.name),
            metric=plan.metric,
            value=expected.value,
            low=expected.low,
            high=expected.high,
            due=plan.end,
            observed=observed.value,
        )
    )
    if expected.low is None or expected.high is None:
        return
    inside = expected.low <= observed.value <= expected.high
    case.ops.finding(
        Text.of(
            "campaign.prediction_hit" if inside else "campaign.prediction_miss",
            value=case.amount(expected.value), low=case.amount(expected.low),
            high=case.amount(expected.high), observed=observed,
        ),
        observed,
        grade=case.increment.grade,
        tone="neutral" if inside else "warn",
        section="effect",
    )  # fmt: skip
