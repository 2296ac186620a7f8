"""Experiments of Statsig, from its Console API's answer to /experiments."""

from __future__ import annotations

import datetime as dt
from typing import Any

from opsnb.analysis.definitions.carried import NotCarried
from opsnb.analysis.definitions.experiments import Arm, Found, control_first
from opsnb.analysis.definitions.exports import Node

TOOL = "Statsig"


def experiment(node: Node) -> Found:
    """An experiment; exposures call it by its id and its arms by their names.

    Raises
    ------
    NotCarried
        It has not begun.
    """
    if node.text("status", "") == "setup":
        raise NotCarried("is still being set up")
    notes: list[str] = []
    arms = [Arm(_keys(one), one.text("name"), _size(one)) for one in node.nodes("groups")]
    start, end = node.moment("startTime"), node.moment("endTime")
    if start is not None and end is None and (days := node.number("duration")):
        end = start + dt.timedelta(days=int(days) - 1)
        notes.append(f"Still running there: the end is that of the planned {days:g} days.")
    allocation = node.number("allocation")
    if allocation is not None and allocation < 100:
        notes.append(f"{allocation:g} % of the users take part.")
    unit = node.text("idType", "userID")
    if unit.lower() != "userid":
        notes.append(f"Randomised by {unit}: assignments.user_id has to hold that id.")
    if node.value.get("sequentialTesting") is True:
        notes.append("Tested sequentially there: set looks to the number of planned looks.")
    return Found(
        key=node.text("id"),
        name=node.text("name", node.text("id")),
        arms=control_first(arms, node.text("controlGroupID", "") or None, notes),
        start=start,
        end=end,
        primary=_metrics(node, "primaryMetrics"),
        secondary=_metrics(node, "secondaryMetrics"),
        more=_more(node),
        notes=tuple(notes),
    )


def _keys(group: Node) -> tuple[str, ...]:
    return tuple(one for one in (group.text("name"), group.text("id", "")) if one)


def _size(group: Node) -> float:
    size = group.number("size")
    if size is None:
        raise group.wrong("size", "is missing")
    return size


def _more(node: Node) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if node.text("hypothesis", ""):
        more["hypothesis"] = node.text("hypothesis")
    owner = node.inner("owner")
    if owner is not None and owner.text("ownerName", ""):
        more["owner"] = owner.text("ownerName")
    confidence = node.text("defaultConfidenceInterval", "").rstrip("%")
    if confidence and confidence != "95":
        try:
            more["alpha"] = round(1 - float(confidence) / 100, 6)
        except ValueError:
            raise node.wrong("defaultConfidenceInterval", f"is {confidence!r}") from None
    return more


def _metrics(node: Node, key: str) -> list[str]:
    return [one.text("name") for one in node.nodes(key)]
