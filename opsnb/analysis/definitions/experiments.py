"""Experiments of other tools as plans: arms, shares, dates, metrics."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from opsnb.analysis.definitions.carried import Ids, NotCarried, PlanDraft, slug
from opsnb.base.errors import ParameterError, PlanError, did_you_mean
from opsnb.base.plans import ExperimentPlan
from opsnb.base.toml_model import validate

CONTROLS = {"control", "original", "baseline", "off", "a", "对照", "对照组", "原版"}
"""Names by which a control is known where the tool does not say which arm it is."""

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Arm:
    """An arm.

    Attributes
    ----------
    keys : tuple of str
        What exposures may call it.
    name : str
        What people call it: its name in the plan.
    weight : float
        Its part of the experiment's users, in any unit.
    """

    keys: tuple[str, ...]
    name: str
    weight: float


@dataclass(frozen=True)
class Found:
    """An experiment as another tool has it.

    Attributes
    ----------
    key : str
        What exposures call it.
    file : str
        What its plan is called, where that is not the key.
    name : str
    arms : sequence of Arm
        The control first.
    start, end : datetime or date or None
    primary, secondary, guardrails : sequence of str
        The tool's ids of metrics; of the first only the first decides.
    more : dict
        Further keys of the plan.
    notes : tuple of str
        What has no key in a plan.
    """

    key: str
    name: str
    arms: Sequence[Arm]
    start: dt.date | dt.datetime | None
    end: dt.date | dt.datetime | None
    primary: Sequence[str] = ()
    secondary: Sequence[str] = ()
    guardrails: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class MetricNames:
    """Which metric of the workspace another tool's metric is.

    Attributes
    ----------
    ids : Ids
        Knows the metrics that carry the tool's mark.
    said : dict
        Ids of the workspace's metrics by those of the tool: what `--metric` says.
    carried : dict
        Those that are carried over at the same time.
    """

    ids: Ids
    said: Mapping[str, str]
    carried: Mapping[str, str]

    def require_known(self, catalogue: Mapping[str, Any]) -> None:
        """Raises ParameterError where `--metric` names none of the workspace's metrics."""
        for theirs, ours in self.said.items():
            if ours not in catalogue and ours not in self.carried.values():
                hint = did_you_mean(ours, catalogue, kind="metrics")
                raise ParameterError(
                    f'no metric "{ours}"', where=f"--metric {theirs}={ours}", hint=hint
                )

    def of(self, theirs: str) -> str | None:
        return self.said.get(theirs) or self.carried.get(theirs) or self.ids.known(theirs)


def plan_of(
    found: Found, names: MetricNames, zone: ZoneInfo, until: dt.date | None = None
) -> PlanDraft:
    """An experiment as a plan, checked as one.

    Parameters
    ----------
    zone : ZoneInfo
        The workspace's: its days are those of the plan.
    until : date, optional
        The end of experiments that have none.

    Raises
    ------
    NotCarried
        It lacks a start, an end, a second arm, or a metric that the workspace has.
    """
    arms = [arm for arm in found.arms if arm.weight > 0]
    if len(arms) < 2:
        raise NotCarried("has fewer than two arms that get users")
    start, end = _day(found.start, zone), _day(found.end, zone) or until
    if start is None:
        raise NotCarried("has not begun")
    if end is None:
        raise NotCarried("has no end yet", "say when it will: --end 2026-12-31")
    variants, shares = _named(arms), _shares(arms)
    primary, notes = _primary(found, names), [*found.notes]
    others = _others(found, names, primary, notes)
    idle = [arm.name for arm in found.arms if arm.weight <= 0]
    notes += [f"Without users, and left out: {', '.join(idle)}."] if idle else []
    fields: dict[str, Any] = {
        "name": found.name,
        "start": start,
        "end": end,
        "control": variants[arms[0].keys[0]],
        "split": shares,
        **found.more,
        "primary": {"metric": primary},
        "secondary": [{"metric": metric} for metric in others],
    }
    wanted = found.file or found.key
    id = wanted if _FILE.fullmatch(wanted) else slug(wanted) or slug(found.name)
    if not id:
        raise NotCarried(f"its key {found.key!r} makes no name of a file")
    try:
        validate(ExperimentPlan, fields, f"plans/experiments/{id}.toml", PlanError)
    except PlanError as error:
        raise NotCarried(f"makes no plan: {error.what}", error.hint) from error
    return PlanDraft(id, found.key, fields, variants, tuple(notes))


def control_first(arms: Sequence[Arm], key: str | None, notes: list[str]) -> list[Arm]:
    """The arms with the control in front: the one named, else one called so, else the first."""
    by_key = [arm for arm in arms if key is not None and key in arm.keys]
    called = [arm for arm in arms if arm.name.strip().lower() in CONTROLS]
    chosen = next(iter(by_key or called or arms), None)
    if chosen is None:
        return []
    if not by_key and not called:
        notes.append(f'The control is taken to be the first arm, "{chosen.name}": see that it is.')
    return [chosen, *(arm for arm in arms if arm is not chosen)]


def _day(moment: dt.date | dt.datetime | None, zone: ZoneInfo) -> dt.date | None:
    return moment.astimezone(zone).date() if isinstance(moment, dt.datetime) else moment


def _named(arms: Sequence[Arm]) -> dict[str, str]:
    """Names in the plan, by what exposures call the arms."""
    names = [arm.name for arm in arms]
    out: dict[str, str] = {}
    for arm in arms:
        name = arm.name if names.count(arm.name) == 1 else f"{arm.name} {arm.keys[0]}"
        out |= {key: name for key in arm.keys if key and key not in out}
    return out


def _shares(arms: Sequence[Arm]) -> dict[str, float]:
    total, names = sum(arm.weight for arm in arms), _named(arms)
    return {names[arm.keys[0]]: round(arm.weight / total, 6) for arm in arms}


def _primary(found: Found, names: MetricNames) -> str:
    if not found.primary:
        raise NotCarried(
            "has no metric that decides",
            "give it one there, or write its plan by hand (docs/data.md)",
        )
    theirs = found.primary[0]
    primary = names.of(theirs)
    if primary is None:
        raise NotCarried(
            f"is decided by {theirs}, which is none of your metrics",
            f"say which one it is: --metric {theirs}=METRIC",
        )
    return primary


def _others(found: Found, names: MetricNames, primary: str, notes: list[str]) -> list[str]:
    """The other metrics; guardrails among them, since no margin was registered for them."""
    out: list[str] = []
    lacking = []
    for theirs in [*found.primary[1:], *found.secondary, *found.guardrails]:
        ours = names.of(theirs)
        if ours is None:
            lacking.append(theirs)
        elif ours != primary and ours not in out:
            out.append(ours)
    guards = [ours for theirs in found.guardrails if (ours := names.of(theirs))]
    if guards:
        notes.append(
            f"Guardrails there, without a margin: {', '.join(guards)}. To make one of them a "
            f'guardrail here, move it: [[guardrails]] metric = "{guards[0]}", margin = 0.05.'
        )
    if lacking:
        notes.append(f"Not among your metrics, and left out: {', '.join(lacking)}.")
    return out
