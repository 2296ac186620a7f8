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
    """The built-in metrics, with a workspace's own definitions laid over them by id.

    Parameters
    ----------
    own : mapping
        Metric tables by id, as in a workspace's metrics.toml. A known id may give only the
        fields that differ.

    Raises
    ------
    MetricError
        All bad definitions at once, each with its metric and field.
    """
    catalogue, mistakes = read_catalogue(own)
    if mistakes:
        failures = "; ".join(f"{one.key}: {one.what}" for one in mistakes)
        raise MetricError(failures, where="metrics.toml", hint="see the field list in docs/data.md")
    return catalogue


def read_catalogue(
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Catalogue, list[Problem]]:
    """The metrics whose definitions can be used, and what is wrong with the others.

    The key of a problem is its metric and field, "[gmv_net] where".
    """
    raw = {name: dict(fields) for name, fields in _built_in().items()}
    for name, fields in (own or {}).items():
        raw[name] = {**raw.get(name, {}), **fields}
    catalogue, mistakes = Catalogue(), list[Problem]()
    for name, fields in raw.items():
        try:
            catalogue[name] = Metric(id=name, **fields)
        except ValidationError as error:
            mistakes += [_failure(name, item) for item in error.errors()]
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
        hint = did_you_mean(field, Metric.model_fields, kind="fields")
        return Problem(key, f"unknown field; {hint}", hint)
    if item["type"] == "missing":
        return Problem(
            key, "Field required", f"write {field} under [{name}]; docs/data.md shows one"
        )
    text = item["msg"].removeprefix("Value error, ")
    hint = text.partition("; ")[2] or "docs/data.md lists the fields of a metric and their values"
    return Problem(key, text, hint)
