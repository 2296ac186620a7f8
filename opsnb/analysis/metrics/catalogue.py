"""Metric definitions: the built-in TOML, and on top of it a workspace's own."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from opsnb.base.errors import MetricError, did_you_mean

_BUILT_IN = Path(__file__).with_name("metrics.toml")

Kind = Literal[
    "sum", "count", "distinct", "daily_distinct", "mean", "proportion", "ratio", "quotient",
    "quantile", "trailing", "retention", "first_days", "churn", "nps", "stock",
]  # fmt: skip

_OWN_TABLE = {"sum", "count", "distinct", "daily_distinct", "mean", "proportion", "ratio",
              "quantile", "trailing", "retention", "first_days", "churn", "nps",
              "stock"}  # fmt: skip
_VALUED = {"sum", "mean", "ratio", "quantile", "first_days", "nps", "stock"}
_BY_AGE = {"trailing", "retention", "first_days"}


class Metric(BaseModel):
    """A metric as declared in TOML; docs/data.md explains the fields and kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    label: str | dict[str, str]
    definition: str | dict[str, str] = ""
    kind: Kind
    table: str | None = None
    value: str = ""
    per: str = "1"
    where: str = "true"
    at_least: int = 1
    of: str = "active_users"
    numerator: str | None = None
    denominator: str | None = None
    day: int | None = None
    drivers: tuple[str, ...] = ()
    combine: Literal["product", "sum"] = "product"
    needs: tuple[str, ...] = ()
    unit: Literal["share", "money", "count", "number", "score", "days", "minutes", "factor"]
    direction: Literal["up", "down"] = "up"
    owner: str | None = None
    materiality: float = 0.02
    target: float | None = None
    growth: float | None = None
    window_days: int | None = None
    cap: float | None = None
    quantile: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> Metric:
        if self.kind == "quotient" and not (self.numerator and self.denominator):
            raise ValueError('kind "quotient" needs numerator and denominator (ids of metrics)')
        if self.kind in _OWN_TABLE and self.table is None:
            raise ValueError(f'kind "{self.kind}" needs table')
        if self.kind in _BY_AGE and self.day is None:
            raise ValueError(f'kind "{self.kind}" needs day')
        if self.target is not None and self.growth is not None:
            raise ValueError("give target or growth, not both")
        if self.kind in _VALUED and not self.value:
            raise ValueError(f'kind "{self.kind}" needs value')
        if (self.kind == "quantile") != (self.quantile is not None):
            raise ValueError('kind "quantile" needs quantile, such as 0.9; other kinds have none')
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise ValueError("quantile is a fraction between 0 and 1, such as 0.9 for P90")
        if self.cap is not None and not 0.5 < self.cap < 1:
            raise ValueError("cap is a quantile between 0.5 and 1, such as 0.999")
        return self

    @property
    def branches(self) -> list[tuple[str, bool]]:
        """Ids of the drivers, and whether each one counts against the metric (`/id`, `-id`)."""
        mark = "/" if self.combine == "product" else "-"
        return [(name.removeprefix(mark), name.startswith(mark)) for name in self.drivers]

    @property
    def value_sql(self) -> str:
        """The value expression; where none is given, the user (distinct kinds) or 1 a row."""
        if self.value:
            return self.value
        return "user_id" if self.kind in {"distinct", "daily_distinct", "trailing"} else "1"

    def better(self, change: float) -> bool:
        """Whether a change in this direction is wanted."""
        return change > 0 if self.direction == "up" else change < 0


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
    raw = {name: dict(fields) for name, fields in _built_in().items()}
    for name, fields in (own or {}).items():
        raw[name] = {**raw.get(name, {}), **fields}
    catalogue, failures = Catalogue(), []
    for name, fields in raw.items():
        try:
            catalogue[name] = Metric(id=name, **fields)
        except ValidationError as error:
            failures += [_failure(name, item) for item in error.errors()]
        except TypeError as error:
            failures.append(f"[{name}]: {error}")
    for metric in catalogue.values():
        named = [metric.numerator, metric.denominator, *(name for name, _ in metric.branches)]
        if metric.kind in {"mean", "proportion"} and metric.of != "active_users":
            named.append(metric.of)
        failures += [
            f'[{metric.id}]: names the unknown metric "{name}"; '
            + did_you_mean(name, catalogue, kind="metrics")
            for name in named
            if name and name not in catalogue
        ]
    failures = failures or _circles(catalogue)
    if failures:
        raise MetricError(
            "; ".join(failures), where="metrics.toml", hint="see the field list in docs/data.md"
        )
    return catalogue


def _circles(catalogue: Catalogue) -> list[str]:
    """Metrics that are drivers of themselves, over however many steps."""

    def leads_back(name: str, path: tuple[str, ...]) -> tuple[str, ...] | None:
        if name in path:
            return (*path, name) if name == path[0] else None
        below = (leads_back(driver, (*path, name)) for driver, _ in catalogue[name].branches)
        return next((found for found in below if found), None)

    return [
        f"[{metric.id}]: its drivers lead back to it ({' > '.join(found)})"
        for metric in catalogue.values()
        if metric.drivers and (found := leads_back(metric.id, ()))
    ]


def _failure(name: str, item: Mapping[str, Any]) -> str:
    field = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        guess = did_you_mean(field, Metric.model_fields, kind="fields")
        return f"[{name}] {field}: unknown field; {guess}"
    text = item["msg"].removeprefix("Value error, ")
    return f"[{name}] {field}: {text}" if field else f"[{name}]: {text}"
