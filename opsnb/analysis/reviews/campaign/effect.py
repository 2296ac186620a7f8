"""The section that says what the campaign added, and how far that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsnb.analysis.display import Absent, Checks, Note, Paragraph, Part, charts
from opsnb.analysis.findings import Fact, Prediction
from opsnb.analysis.reviews.campaign.effect_checks import effect_checks
from opsnb.analysis.reviews.campaign.flattering_numbers import naive_table
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.campaign.increment import Increment
    from opsnb.analysis.reviews.campaign.review import Campaign


def effect_parts(campaign: Campaign) -> list[Part]:
    """Claim, chart, checks, and the naive numbers beside it; else why nothing can be said."""
    found = campaign.increment
    order = Note(Text("campaign.effect.order"))
    skipped = [Note(text) for text in found.passed_over]
    if found.evidence == "none":
        return [Absent(Text("campaign.effect.none")), *skipped, order]
    facts = _facts(campaign, found)
    claim = _claim(campaign, facts)
    parts: list[Part] = [Paragraph(claim, campaign.effect_tone)]
    if "relative" in facts:
        each = "region_day" if found.regions else "day"
        parts.append(
            Paragraph(
                Text.of(
                    f"campaign.effect.relative_{each}", relative=facts["relative"],
                    average=facts["average"],
                )
            )
        )  # fmt: skip
    if "after" in facts:
        parts.append(Paragraph(_dip(campaign, facts["after"])))
    parts.append(_chart(campaign, found))
    checks = effect_checks(campaign, found)
    parts += [Checks(checks)] if checks else []
    parts += naive_table(campaign, facts["during"])
    parts += [*skipped, order]
    if not campaign.ops.is_invalid:
        head = facts.get("net", facts["during"])
        campaign.ops.finding(
            claim, head, grade=found.grade, tone=campaign.effect_tone, section="effect"
        )
        _tell_dip(campaign, facts)
        _score_prediction(campaign, head)
    return parts


def _facts(campaign: Campaign, found: Increment) -> dict[str, Fact]:
    ops, facts = campaign.ops, {}
    assert found.during is not None
    spans = (
        ("during", "campaign.effect", "campaign"),
        ("after", "campaign.post_dip", "after"),
        ("net", "campaign.effect", "net"),
    )
    for name, id_, period in spans:
        estimate = getattr(found, name)
        if estimate is not None:
            facts[name] = ops.fact(
                id_, estimate.value, campaign.unit, low=estimate.low, high=estimate.high,
                p_value=estimate.p_value, n=estimate.n, method=found.evidence,
                metric=campaign.plan.metric, period=period,
            )  # fmt: skip
    for number, week in enumerate(found.weeks, 1):
        ops.fact(
            "campaign.post_dip", week.effect.value, campaign.unit, low=week.effect.low,
            high=week.effect.high, p_value=week.effect.p_value, n=week.effect.n,
            method=found.evidence, metric=campaign.plan.metric, period=f"week{number}",
        )  # fmt: skip
    common: dict[str, Any] = {"method": found.evidence, "metric": campaign.plan.metric}
    # A day, and where regions were treated a region and day: the unit of the method's estimate.
    each = found.window_days * max(found.regions, 1)
    facts["average"] = ops.fact(
        "campaign.effect_average", found.during.value / each, campaign.unit,
        low=found.during.low / each, high=found.during.high / each, **common,
    )  # fmt: skip
    if found.relative is not None:
        facts["relative"] = ops.fact(
            "campaign.effect_relative", found.relative.value, "relative",
            low=found.relative.low, high=found.relative.high, p_value=found.p_value, **common,
        )  # fmt: skip
    return facts


def _claim(campaign: Campaign, facts: dict[str, Fact]) -> Text:
    state = {"good": "up", "bad": "down", "warn": "open"}[campaign.effect_tone]
    span = "net" if "net" in facts else "during"
    return Text.of(
        f"campaign.effect.claim_{state}",
        metric=campaign.ops.label(campaign.plan.metric),
        effect=facts.get("net", facts["during"]),
        span=Text.of(f"campaign.effect.span_{span}", days=campaign.increment.after_days),
    )


def _dip(campaign: Campaign, after: Fact) -> Text:
    """What was given back over all days after, else in the first weeks, where it is shown."""
    assert after.low is not None and after.high is not None
    found = campaign.increment
    days, early = found.after_days, found.given_back
    if early and after.high >= 0:
        week = campaign.ops.facts[f"campaign.post_dip/{campaign.plan.metric}///week1"]
        weeks = f"campaign.effect.dip_{'week' if len(early) == 1 else 'weeks'}"
        return Text.of(weeks, week=week, weeks=len(early), effect=after, days=days)
    state = "down" if after.high < 0 else "up" if after.low > 0 else "open"
    return Text.of(f"campaign.effect.dip_{state}", effect=after, days=days)


def _tell_dip(campaign: Campaign, facts: dict[str, Fact]) -> None:
    """A loss after the campaign that is shown is among the findings."""
    after, found = facts.get("after"), campaign.increment
    if after is None or after.high is None or not (after.high < 0 or found.given_back):
        return
    campaign.ops.finding(
        _dip(campaign, after), after, grade=found.grade, tone="warn", section="effect"
    )


def _chart(campaign: Campaign, found: Increment) -> Part:
    claim = Text.of(
        f"campaign.effect.chart_{found.evidence}",
        metric=campaign.ops.label(campaign.plan.metric),
    )
    if found.path is None:
        return _forest(campaign, found, claim)
    path, plan = found.path, campaign.plan
    sources = {
        "series": Text.of("campaign.effect.source_series", controls=list(plan.controls)),
        "geo": Text.of("campaign.effect.source_geo", weights=_weights(found)),
        "did": Text.of("campaign.effect.source_did", regions=list(plan.treated_units)),
    }
    return charts.counterfactual(
        path.dates, path.observed, path.expected, path.low, path.high,
        claim=claim,
        alt=Text.of(
            f"campaign.effect.alt_{'series' if found.evidence == 'series' else 'regions'}",
            days=len(path.dates),
        ),
        source=sources[found.evidence],
        format=campaign.format,
        events=[charts.Event(plan.start, plan.name, plan.end)] if plan.start else [],
    )  # fmt: skip


def _weights(found: Increment) -> list[Text]:
    """The heaviest regions of the synthetic control."""
    heavy = sorted(found.scrutiny.weights.items(), key=lambda row: -row[1])[:4]
    return [Text.of("campaign.effect.weight", region=name, weight=w) for name, w in heavy]


def _forest(campaign: Campaign, found: Increment, claim: Text) -> Part:
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
        format=f"signed_{campaign.format}",
    )


def _score_prediction(campaign: Campaign, observed: Fact) -> None:
    """The plan's prediction against what came out, recorded to be scored."""
    expected, plan = campaign.plan.predicted, campaign.plan
    if expected is None:
        return
    campaign.ops.predict(
        Prediction(
            what=Text.of(
                "campaign.prediction", metric=campaign.ops.label(plan.metric), name=plan.name
            ),
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
    campaign.ops.finding(
        Text.of(
            "campaign.prediction_hit" if inside else "campaign.prediction_miss",
            value=campaign.amount(expected.value), low=campaign.amount(expected.low),
            high=campaign.amount(expected.high), observed=observed,
        ),
        observed,
        grade=campaign.increment.grade,
        tone="neutral" if inside else "warn",
        section="effect",
    )  # fmt: skip
