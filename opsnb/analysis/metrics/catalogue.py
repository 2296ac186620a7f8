"""Metric definitions: the built-in TOML, and on top of it a workspace's own."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from opsnb.analysis.metrics import kinds as _kinds  # noqa: F401 (makes the kinds known)
from opsnb.analysis.metrics.metric import Metric
from opsnb.base.errors import MetricError, did_you_mean
from opsnb.base.toml_model import Problem

__all__ = ["Catalogue", "Metric", "load_catalogue", "read_catalogue"]

_BUILT_IN = Path(__file__).with_name("metrics.toml")

_SAID = frozenset(
    {
        "label", "definition", "extends", "direction", "materiality", "target", "growth", "owner",
        "drivers", "combine",
    }
)  # fmt: skip
"""Fields that leave what is measured as it is."""


class Catalogue(dict[str, Metric]):
    """Metrics by id; an unknown id is an error that offers the nearest one."""

    def __missing__(self, key: str) -> Metric:
        raise MetricError(
            f'unknown metric "{key}"',
            where="metrics.toml",
            hint=did_you_mean(key, self, kind="metrics"),
        )


@functools.cache
def _built_in() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_BUILT_IN.read_text(encoding="utf-8"))


def load_catalogue(own: Mapping[str, Mapping[str, Any]] | None = None) -> Catalogue:
    """The built-in metrics, and a workspace's own, which replace those of the same id.

    Parameters
    ----------
    own : mapping
        Metric tables by id, as in a workspace's metrics.toml. `extends` names the metric that
        the other fields are taken from; its own id means the built-in one.

    Raises
    ------
    MetricError
        All bad definitions at once, each with its metric and field.
    """
    catalogue, mistakes = read_catalogue(own)
    if mistakes:
        failures = "; ".join(f"{one.key}: {one.what}" for one in mistakes)
        hint = "see the field list in docs/data.md"
        replaced = (one.hint for one in mistakes if "or write extends" in one.hint)
        raise MetricError(failures, where="metrics.toml", hint=next(replaced, hint))
    return catalogue


def read_catalogue(
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Catalogue, list[Problem]]:
    """The metrics whose definitions can be used, and what is wrong with the others.

    The key of a problem is its metric and field, "[gmv_net] where".
    """
    own = own or {}
    raw = {**_built_in(), **own}
    catalogue, mistakes = Catalogue(), list[Problem]()
    for name in raw:
        try:
            fields = _extended(name, own)
        except MetricError as error:
            hint = error.hint or ""
            mistakes.append(Problem(f"[{name}] extends", f"{error.what}; {hint}", hint))
            continue
        try:
            catalogue[name] = Metric(id=name, **fields)
        except ValidationError as error:
            mistakes += [_failure(name, item) for item in error.errors()]
            if name in _built_in() and "extends" not in own.get(name, {}):
                mistakes = [_or_extend(name, one) for one in mistakes]
        except TypeError as error:
            mistakes.append(Problem(f"[{name}]", str(error), "a metric's name is its id"))
    for metric in catalogue.values():
        named = [metric.numerator, metric.denominator, *(name for name, _ in metric.branches)]
        named.append(metric.kind.population(metric))
        for name in dict.fromkeys(filter(None, named)):
            if name not in raw:
                hint = did_you_mean(name, catalogue, kind="metrics")
                what = f'names the unknown metric "{name}"'
                mistakes.append(Problem(f"[{metric.id}]", f"{what}; {hint}", hint))
    return catalogue, mistakes or _circles(catalogue)


def _extended(name: str, own: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A metric's fields with those of the metrics that it extends, one from another.

    What a text says of one metric need not hold of another: a label is taken over under the
    same id alone, a definition only where the same is measured.

    Raises
    ------
    MetricError
        A metric that is extended does not exist, or extends this one in its turn.
    """
    fields = dict(own.get(name) or _built_in()[name])
    path, of = [name], own if name in own else _built_in()
    while (base := fields.pop("extends", None)) is not None:
        of = own if base in own and base != path[-1] else _built_in()
        if not isinstance(base, str) or base not in of:
            known = sorted({*_built_in(), *own} - {name}, key=str)
            raise MetricError(
                f'extends the unknown metric "{base}"',
                hint=did_you_mean(str(base), known, kind="metrics"),
            )
        if of is own and base in path:
            raise MetricError(
                f"extends itself ({' > '.join([*path, base])})",
                hint="give one of them all of its fields, and take extends out of it",
            )
        left = {"label"} if base != path[-1] else set[str]()
        if not _SAID.issuperset(fields):
            left.add("definition")
        inherited = {key: value for key, value in of[base].items() if key not in left}
        fields = {**inherited, **fields}
        path.append(base)
    return fields


def _or_extend(name: str, problem: Problem) -> Problem:
    """A field lacks in a definition that has a built-in metric's name: it may have been meant."""
    if problem.what != "Field required" or not problem.key.startswith(f"[{name}] "):
        return problem
    hint = f'{problem.hint}; or write extends = "{name}" to keep what the built-in metric has'
    return Problem(problem.key, f"{problem.what}: it replaces the built-in metric {name}", hint)


def _circles(catalogue: Catalogue) -> list[Problem]:
    """Metrics that are drivers of themselves, over however many steps."""

    def leads_back(name: str, path: tuple[str, ...]) -> tuple[str, ...] | None:
        if name in path:
            return (*path, name) if name == path[0] else None
        below = (leads_back(driver, (*path, name)) for driver, _ in catalogue[name].branches)
        return next((found for found in below if found), None)

    return [
        Problem(
            f"[{metric.id}]",
            f"its drivers lead back to it ({' > '.join(found)})",
            f"take {found[-2]} out of the drivers of one of them",
        )
        for metric in catalogue.values()
        if metric.drivers and (found := leads_back(metric.id, ()))
    ]


def _failure(name: str, item: Mapping[str, Any]) -> Problem:
    field = ".".join(str(part) for part in item["loc"])
    key = f"[{name}] {field}" if field else f"[{name}]"
    if item["type"] == "extra_forbidden":
        hint = did_you_mean(field, [*Metric.model_fields, "extends"], kind="fields")
        return Problem(key, f"unknown field; {hint}", hint)
    if item["type"] == "missing":
        return Problem(
            key, "Field required", f"write {field} under [{name}]; docs/data.md shows one"
        )
    text = item["msg"].removeprefix("Value error, ")
    hint = text.partition("; ")[2] or "docs/data.md lists the fields of a metric and their values"
    return Problem(key, text, hint)
