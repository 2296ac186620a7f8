"""A metric as declared in TOML, and what each kind of metric has to say about itself.

A kind is one class; the ones that come with opsnb are in `opsnb.analysis.metrics.kinds`.
Whoever needs to know how a metric behaves asks its kind (`metric.kind.is_additive`), never
what the kind is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import ibis
from pydantic import BeforeValidator, ConfigDict, model_validator

from opsnb.analysis.metrics.by_period import Measured
from opsnb.analysis.metrics.columns_read import Reads, own_columns
from opsnb.analysis.metrics.query import MetricQuery
from opsnb.analysis.metrics.rows import RowDefinition, Rows, number
from opsnb.base.errors import did_you_mean
from opsnb.base.periods import Every

Unit = Literal["share", "money", "count", "number", "score", "days", "minutes", "factor"]

Comparison = Literal["shares", "means", "ratios", "quantiles"]
"""How arms are compared: shares of users by the score test, means a user by Welch's, ratios of
two sums by the delta method, quantiles by order statistics."""


@dataclass(frozen=True)
class UserRows:
    """Rows of a table, each with its user, before they are added up a user.

    Attributes
    ----------
    rows : ibis.Table
    value, per : ibis.Value
        Columns of `rows`: what a row is worth, and what it is divided by (None: nothing).
    unique : bool
        No two rows share a value, so that to count rows is to count values.
    """

    rows: ibis.Table
    value: Any
    per: Any
    unique: bool


class Kind:
    """What all metrics of a kind have in common.

    The first line of a kind's docstring says what its value in a period is (docs/data.md).

    Attributes
    ----------
    name : str
        As written in TOML.
    in_experiment : str
        How an experiment reads it, in words (docs/data.md).
    fields : tuple of str
        What a definition has to give.
    default_value : str
        SQL of a row's value where the definition gives none.
    unit : str, optional
        The unit where the definition gives none.
    is_daily : bool
        It has a value on each day (a quotient: where both its parts have one).
    over_days : "sum", "mean" or None
        What the days' values make the period's by; None: the period is measured by itself.
    of_any_days : bool
        Some of a period's days have a value as good as all of them: a rate, a mean of days.
    is_rate : bool
        A numerator over a denominator in each group: a change is split into mix and rate.
    is_yes_or_no : bool
        A share of people, each of whom did or did not: Wilson's interval, the score test.
    is_distinct : bool
        The value is itself a number of people (or of what else is counted once).
    follows_ends : bool
        It is recorded as long as users' ends are, not only as long as rows arrive.
    can_be_capped : bool
        An experiment may cut a user's amount at a quantile (`cap`).
    divided : bool
        A row has a `per` by which values are divided.
    comparison : str, optional
        How an experiment compares it; None: it cannot be read there.
    """

    name: ClassVar[str]
    in_experiment: ClassVar[str] = "not allowed"
    fields: ClassVar[tuple[str, ...]] = ("table",)
    default_value: ClassVar[str] = "1"
    unit: ClassVar[Unit | None] = None
    is_daily: ClassVar[bool] = False
    over_days: ClassVar[Literal["sum", "mean"] | None] = None
    of_any_days: ClassVar[bool] = False
    is_rate: ClassVar[bool] = False
    is_yes_or_no: ClassVar[bool] = False
    is_distinct: ClassVar[bool] = False
    follows_ends: ClassVar[bool] = False
    can_be_capped: ClassVar[bool] = False
    divided: ClassVar[bool] = False
    comparison: ClassVar[Comparison | None] = None

    def __repr__(self) -> str:
        return f"Kind({self.name!r})"

    @property
    def is_additive(self) -> bool:
        """Whether the values of days, or of groups, add up to that of them all."""
        return self.over_days == "sum"

    @property
    def has_moments(self) -> bool:
        """Whether a user has an amount of it: means and covariances then tell of an arm."""
        return self.comparison in ("shares", "means", "ratios")

    @property
    def is_user_mean(self) -> bool:
        """Whether an arm's value is a mean of its users: times users, it is an amount."""
        return self.comparison in ("shares", "means")

    @property
    def is_ratio(self) -> bool:
        """Whether an arm's value is a ratio of two sums over its users."""
        return self.comparison == "ratios"

    # -- its definition ----------------------------------------------------------------

    def check(self, metric: Metric) -> None:
        """Refuse a definition that lacks what the kind needs.

        Raises
        ------
        ValueError
            It names the field.
        """
        for field in self.fields:
            if getattr(metric, field) in (None, ""):
                raise ValueError(f'kind "{self.name}" needs {field}')

    def parts(self, metric: Metric) -> list[str]:
        """Ids of the two metrics whose quotient it is; none of a metric of a table's rows."""
        return []

    def population(self, metric: Metric) -> str | None:
        """Id of the metric that counts those it is taken over, where it has one."""
        return None

    def absent(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> str | None:
        """What a workspace lacks for a metric: a table, or table.column; None: nothing."""
        return rows.absent(metric)

    def tables(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> set[str]:
        """The tables on whose days the value depends; none where it is no matter of days."""
        return {metric.table} if metric.table else set()

    def adds_up(self, metric: Metric, rows: Rows) -> bool:
        """Whether the values of days make that of the period: nobody is in two of them."""
        if not self.is_additive or metric.table is None:
            return False
        return not self.is_distinct or metric.value_sql in rows.contract(metric.table).key

    def reads(self, metric: Metric, rows: Rows, catalogue: Mapping[str, Metric]) -> Reads:
        """By table, the columns that its value is taken from."""
        return own_columns(metric)

    # -- in a period -------------------------------------------------------------------

    def measure(self, metric: Metric, query: MetricQuery) -> list[Measured]:
        """The metric in each period (and group), in the order of the periods."""
        rows = query.rows_in_periods(metric)
        counted = self.totals(metric)
        if query.by and "user_id" in rows.columns:
            counted["_people"] = rows.user_id.nunique()
        totals = rows.group_by(query.keys).agg(**counted)
        return [self.measured(metric, row) for row in query.records(totals)]

    def totals(self, metric: Metric) -> dict[str, Any]:
        """The aggregates that a value is made of, as deferred expressions over `Rows.of`.

        `_sum` and `_n` (rows behind it), and whatever else `value` reads.
        """
        return {"_sum": ibis._._value.cast("float64").sum(), "_n": ibis._.count()}

    def value(self, row: Mapping[str, Any]) -> float | None:
        """The value that a row of totals comes to; what nothing was recorded of is 0."""
        return number(row.get("_sum")) or 0.0

    def measured(self, metric: Metric, row: Mapping[str, Any]) -> Measured:
        """A row of totals, with its `_period` and `_group`, as an answer."""
        value, n = self.value(row), int(row.get("_n") or 0)
        people = None if row.get("_people") is None else int(row["_people"])
        return Measured(
            row["_period"], row.get("_group"), value, numerator=value, n=n, people=people
        )

    # -- in an experiment --------------------------------------------------------------

    def user_amounts(self, metric: Metric, own: UserRows, where: Any) -> dict[str, Any]:
        """What a user's rows come to where a condition holds, as aggregates over `own.rows`.

        Returns
        -------
        dict
            "x", and of a ratio "y", which it is divided by; of a quantile "values".
        """
        return {"x": own.value.cast("float64").sum(where=where)}


KINDS: dict[str, Kind] = {}
"""The kinds by name, as `register` has them."""

_KindClass = TypeVar("_KindClass", bound=type[Kind])


def register(kind: _KindClass) -> _KindClass:
    """Make a kind known by its name, so that definitions may be of it."""
    KINDS[kind.name] = kind()
    return kind


def names_of_kinds(which: Callable[[Kind], object] = lambda _: True) -> str:
    """Names of the kinds of which something holds, for messages: "count, sum"."""
    return ", ".join(sorted(kind.name for kind in KINDS.values() if which(kind)))


def _kind_named(name: object) -> Kind:
    if isinstance(name, Kind):
        return name
    known = KINDS.get(str(name))
    if known is None:
        raise ValueError(f'unknown kind "{name}"; ' + did_you_mean(str(name), KINDS, kind="kinds"))
    return known


class Metric(RowDefinition):
    """A metric as declared in TOML; docs/data.md explains the fields and kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    label: str | dict[str, str]
    definition: str | dict[str, str] = ""
    kind: Annotated[Kind, BeforeValidator(_kind_named)]
    at_least: int = 1
    of: str = "active_users"
    numerator: str | None = None
    denominator: str | None = None
    day: int | None = None
    drivers: tuple[str, ...] = ()
    combine: Literal["product", "sum"] = "product"
    unit: Unit
    direction: Literal["up", "down"] = "up"
    owner: str | None = None
    materiality: float = 0.02
    target: float | None = None
    growth: float | None = None
    window_days: int | None = None
    cap: float | None = None
    quantile: float | None = None
    every: Every | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_unit_of_kind(cls, given: dict[str, Any]) -> dict[str, Any]:
        kind = KINDS.get(str(given.get("kind")))
        return {"unit": kind.unit, **given} if kind is not None and kind.unit else given

    @model_validator(mode="after")
    def _complete(self) -> Metric:
        self.kind.check(self)
        if self.target is not None and self.growth is not None:
            raise ValueError("give target or growth, not both")
        if self.quantile is not None and "quantile" not in self.kind.fields:
            raise ValueError(f'kind "{self.kind.name}" has no quantile; kind "quantile" does')
        if self.quantile is not None and not 0 < self.quantile < 1:
            raise ValueError("quantile is a fraction between 0 and 1, such as 0.9 for P90")
        if self.every is not None and self.table != "series":
            raise ValueError("every says in which step rows of the table series come")
        if self.cap is not None and not 0.5 < self.cap < 1:
            raise ValueError("cap is a quantile between 0.5 and 1, such as 0.999")
        return self

    @property
    def parts(self) -> list[str]:
        """Ids of numerator and denominator, where it is the quotient of two metrics."""
        return self.kind.parts(self)

    def tables(self, rows: Rows, catalogue: Mapping[str, Any]) -> set[str]:
        """The tables on whose days the value depends; none where it is no matter of days."""
        return self.kind.tables(self, rows, catalogue)

    @property
    def branches(self) -> list[tuple[str, bool]]:
        """Ids of the drivers, and whether each one counts against the metric (`/id`, `-id`)."""
        mark = "/" if self.combine == "product" else "-"
        return [(name.removeprefix(mark), name.startswith(mark)) for name in self.drivers]

    @property
    def value_sql(self) -> str:
        return self.value or self.kind.default_value

    @property
    def divided(self) -> bool:
        return self.kind.divided

    def better(self, change: float) -> bool:
        """Whether a change in this direction is wanted."""
        return change > 0 if self.direction == "up" else change < 0
