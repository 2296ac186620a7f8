"""Experiments of GrowthBook, from its API's answer to /experiments."""

from __future__ import annotations

from typing import Any

from opsnb.analysis.definitions.carried import NotCarried
from opsnb.analysis.definitions.experiments import Arm, Found
from opsnb.analysis.definitions.exports import Node

_CUPED_DAYS = 14
"""GrowthBook's own default, where a metric says nothing else."""


def experiment(node: Node) -> Found:
    """An experiment; its first variation is the control.

    Raises
    ------
    NotCarried
        It is a draft or a bandit, or has no phase.
    """
    if node.flag("archived"):
        raise NotCarried("is archived")
    if node.text("type", "standard") != "standard":
        raise NotCarried(f"is a {node.text('type')}: its split follows the outcome")
    if node.text("status", "") == "draft":
        raise NotCarried("is a draft")
    phases = node.nodes("phases")
    if not phases:
        raise NotCarried("has no phase, so no dates and no split")
    phase, notes = phases[-1], []
    if len(phases) > 1:
        notes.append(
            f"The last of {len(phases)} phases there; users first exposed before it are in "
            "assignments as well."
        )
    coverage = phase.number("coverage")
    if coverage is not None and coverage < 1:
        notes.append(f"{coverage:.0%} of the traffic takes part.")
    settings = node.inner("settings") or Node({}, node.file, f"{node.key}.settings")
    if settings.flag("sequentialTestingEnabled"):
        notes.append("Tested sequentially there: set looks to the number of planned looks.")
    more: dict[str, Any] = {
        key: node.text(key) for key in ("hypothesis", "owner") if node.text(key, "")
    }
    if settings.flag("regressionAdjustmentEnabled"):
        more["covariate_days"] = _CUPED_DAYS
        notes.append(
            f"CUPED over {_CUPED_DAYS} days is GrowthBook's default: see that it is yours."
        )
    notes += _restrictions(settings)
    hashed = node.text("hashAttribute", "")
    if hashed and hashed.lower().replace("_", "") not in ("id", "userid"):
        notes.append(f"Randomised by {hashed}: assignments.user_id has to hold that id.")
    return Found(
        key=node.text("trackingKey", node.text("id")),
        name=node.text("name"),
        arms=_arms(node, phase),
        start=phase.moment("dateStarted"),
        end=phase.moment("dateEnded"),
        primary=_metrics(settings, "goals"),
        secondary=_metrics(settings, "secondaryMetrics"),
        guardrails=_metrics(settings, "guardrails"),
        more=more,
        notes=tuple(notes),
    )


def _restrictions(settings: Node) -> list[str]:
    """What the analysis there does to its users and metrics, and a plan cannot."""
    only = [
        f"{what} {settings.value[key]}"
        for key, what in (("segmentId", "segment"), ("queryFilter", "filter"))
        if settings.value.get(key)
    ]
    if (activation := settings.inner("activationMetric")) is not None:
        only.append(f"activation metric {activation.text('metricId')}")
    notes = [f"Only some users count there ({', '.join(only)}); here all do."] if only else []
    if settings.text("attributionModel", "firstExposure") != "firstExposure":
        model = settings.text("attributionModel")
        notes.append(f"Windows of metrics follow {model} there; here they are the metrics' own.")
    changed = [
        one.text("metricId")
        for key in ("goals", "secondaryMetrics", "guardrails")
        for one in settings.nodes(key)
        if _is_any_given(one.inner("overrides"))
    ]
    if changed:
        notes.append(f"This experiment changes windows or settings of {', '.join(changed)} there.")
    return notes


def _arms(node: Node, phase: Node) -> list[Arm]:
    weights = {
        one.text("variationId"): one.number("weight") or 0.0 for one in phase.nodes("trafficSplit")
    }
    arms = []
    for number, one in enumerate(node.nodes("variations")):
        id, key = one.text("variationId", ""), one.text("key", str(number))
        keys = tuple(dict.fromkeys(name for name in (key, id) if name))
        weight = weights.get(id, weights.get(key, 0.0)) if weights else 1.0
        arms.append(Arm(keys, one.text("name", key), weight))
    return arms


def _metrics(settings: Node, key: str) -> list[str]:
    return [one.text("metricId") for one in settings.nodes(key)]


def _is_any_given(overrides: Node | None) -> bool:
    return overrides is not None and any(v is not None for v in overrides.value.values())
