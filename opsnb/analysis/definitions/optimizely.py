"""Experiments of Optimizely, from its REST API's answer to /experiments."""

from __future__ import annotations

from typing import Any

from opsnb.analysis.definitions.carried import NotCarried, slug
from opsnb.analysis.definitions.experiments import Arm, Found, control_first
from opsnb.analysis.definitions.exports import Node

TOOL = "Optimizely"

_RUN = ("a/b", "ab", "multivariate", "feature", "")


def experiment(node: Node) -> Found:
    """An experiment; exposures call it by its id and its arms by theirs.

    Raises
    ------
    NotCarried
        It has not begun, or its split follows the outcome.
    """
    if "rules" in node.value:
        raise NotCarried(
            "is a ruleset of Feature Experimentation, which has no dates",
            "export its experiments instead: /v2/experiments?project_id=ID",
        )
    kind = node.text("type", "").lower()
    if kind not in _RUN:
        raise NotCarried(f"is of type {kind}, whose split is not fixed")
    if node.text("status", "") in ("not_started", "draft"):
        raise NotCarried("has not begun")
    notes: list[str] = []
    if holdback := node.number("holdback"):
        notes.append(f"{holdback / 100:g} % of the visitors are held back and see nothing of it.")
    arms = [_arm(one) for one in node.nodes("variations") if not one.flag("archived")]
    hypothesis: dict[str, Any] = (
        {"hypothesis": node.text("description")} if node.text("description", "") else {}
    )
    metrics = [_metric(one) for one in node.nodes("metrics")]
    return Found(
        key=node.text("id"),
        name=node.text("name", node.text("key", node.text("id"))),
        arms=control_first(arms, None, notes),
        start=node.moment("earliest"),
        end=node.moment("latest"),
        primary=metrics[:1],
        secondary=metrics[1:],
        more=hypothesis,
        notes=tuple(notes),
        file=node.text("key", "") or slug(node.text("name", "")) or node.text("id"),
    )


def _arm(variation: Node) -> Arm:
    keys = (variation.text("variation_id", ""), variation.text("key", ""))
    known = tuple(key for key in keys if key)
    if not known:
        raise variation.wrong("variation_id", "is missing")
    weight = variation.number("weight")
    if weight is None:
        raise variation.wrong("weight", "is missing")
    return Arm(known, variation.text("name", known[-1]), weight)


def _metric(node: Node) -> str:
    """What a metric is called in `--metric`: its event's id, else what it adds up."""
    return node.text("event_id", node.text("field", node.text("aggregator", "overall")))
