"""plans/experiments/ID.toml, written for review: readable, and never over another file."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsnb.base.errors import ParameterError, PlanError
from opsnb.base.plans import ExperimentPlan
from opsnb.base.toml_model import validate

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


def plan_text(plan: Mapping[str, Any], experiment: str) -> str:
    """A plan as TOML; what comes back from reading it is the plan.

    Raises
    ------
    PlanError
        The plan breaks a rule of `ExperimentPlan`.
    """
    lines = [f"{key} = {_value(value)}" for key, value in plan.items() if _is_plain(value)]
    for key, value in plan.items():
        if isinstance(value, Mapping) and key != "split":
            lines += ["", f"[{key}]", *(f"{k} = {_value(v)}" for k, v in value.items())]
        if isinstance(value, list):
            for row in value:
                lines += ["", f"[[{key}]]", *(f"{k} = {_value(v)}" for k, v in row.items())]
    text = "\n".join(lines) + "\n"
    validate(ExperimentPlan, tomllib.loads(text), f"plans/experiments/{experiment}.toml", PlanError)
    return text


def write_plan(root: Path, experiment: str, text: str) -> Path:
    """Write a new plan and return its path.

    Raises
    ------
    ParameterError
        The id is empty, is no file name, or is taken.
    """
    if not _ID.fullmatch(experiment):
        raise ParameterError(
            f'"{experiment}" cannot be the id of a plan' if experiment else "the plan has no id",
            where="parameter experiment",
            hint="lower-case letters, digits, _ and -, such as checkout_one_page",
        )
    path = root / "plans" / "experiments" / f"{experiment}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ParameterError(
            f"plans/experiments/{experiment}.toml exists; a registered plan is not overwritten",
            where="parameter experiment",
            hint="take another id, or edit the file and let git show the change",
        ) from None
    return path


def _is_plain(value: Any) -> bool:
    return not isinstance(value, list) and (not isinstance(value, Mapping) or _is_split(value))


def _is_split(value: Mapping[str, Any]) -> bool:
    return all(isinstance(share, float) for share in value.values())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return repr(value)
