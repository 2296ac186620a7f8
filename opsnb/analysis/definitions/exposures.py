"""Exposures of other tools as [tables.assignments]: each user's first, by the plan's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot as sg
import sqlglot.expressions as sge

from opsnb.analysis.definitions.carried import NotCarried, PlanDraft
from opsnb.analysis.definitions.expressions import DUCKDB
from opsnb.analysis.definitions.expressions import column as column_named
from opsnb.analysis.definitions.toml_text import lines_text, value_text
from opsnb.analysis.sources import Source, connect, open_source
from opsnb.analysis.tables import asks
from opsnb.base.errors import ParameterError, did_you_mean
from opsnb.base.workspace import SourceConfig, Workspace

if TYPE_CHECKING:
    import ibis.expr.types as ir

_SECONDS, _MILLISECONDS = 1e11, 1e14
"""Unix times up to which a number counts seconds, and milliseconds; above, microseconds."""


@dataclass(frozen=True)
class Layout:
    """How a tool writes exposures: for each column, the names it goes by.

    Attributes
    ----------
    experiment, user, variant, at : tuple of str
    keep : str or None
        SQL of the rows that are exposures to an experiment, over the column it starts with.
    """

    experiment: tuple[str, ...]
    user: tuple[str, ...]
    variant: tuple[str, ...]
    at: tuple[str, ...]
    keep: tuple[str, str] | None = None


LAYOUTS = {
    "GrowthBook": Layout(
        ("experiment_id", "experiment_key"),
        ("user_id", "anonymous_id", "device_id"),
        ("variation_id", "variation_key"),
        ("timestamp", "viewed_at", "received_at", "event_timestamp"),
    ),
    "Statsig": Layout(
        ("name", "experiment_id", "experiment_name"),
        ("unit_id", "user_id", "stable_id"),
        ("experiment_group", "group_name", "group_id"),
        ("first_exposure_utc", "first_exposure", "timestamp"),
        ("exposure_type", "{} <> 'check_gate'"),
    ),
    "Optimizely": Layout(
        ("experiment_id",),
        ("visitor_id", "user_id"),
        ("variation_id",),
        ("timestamp",),
        ("is_holdback", "not coalesce(cast({} as boolean), false)"),
    ),
}


@dataclass(frozen=True)
class ExposureTable:
    """Lines for opsnb.toml.

    Attributes
    ----------
    text : str
        [sources.NAME] where the exposures are a file, and [tables.assignments].
    sql : str
        The query of the table.
    unknown : list of str
        Experiments and variants that the exposures hold and no plan names.
    """

    text: str
    sql: str
    unknown: list[str]


def mapping_of(
    workspace: Workspace, tool: str, exposures: str, plans: Sequence[PlanDraft]
) -> ExposureTable:
    """The mapping of exposures, tried on them.

    Parameters
    ----------
    exposures : str
        A file or folder of CSV or Parquet, or SOURCE.TABLE of opsnb.toml.
    plans : sequence of PlanDraft
        Whose names of experiments and arms are to stand in the table.

    Raises
    ------
    NotCarried
        A column is missing.
    ParameterError
        There is no such file or table.
    """
    name, head, source, table = _source(workspace, tool, exposures)
    rows = source.table(table)
    sql = _query(LAYOUTS[tool], rows, table, plans, source.dialect)
    unknown = _unknown(source.sql(sql), plans)
    body = [
        f"# Exposures of {tool}: times without a zone are read as UTC.",
        "[tables.assignments]",
        f"source = {value_text(name)}",
        f"sql = {lines_text(sql)}",
    ]
    return ExposureTable("\n".join([*head, *body]) + "\n", sql, unknown)


def _source(workspace: Workspace, tool: str, exposures: str) -> tuple[str, list[str], Source, str]:
    """The source's name, the lines that make it one, the source, and the table in it."""
    path = Path(exposures).expanduser()
    if not path.exists():
        name, _, table = exposures.partition(".")
        if name in workspace.sources and table:
            return name, [], open_source(workspace, name, asks(workspace)), table
        raise ParameterError(
            "is neither a file nor SOURCE.TABLE of opsnb.toml",
            where=f"--exposures {exposures}",
            hint=did_you_mean(name, workspace.sources, kind="sources"),
        )
    name = tool.lower()
    while name in workspace.sources:
        name += "_exposures"
    url = f"{_scheme(path)}://{_shown(path.resolve(), workspace.root.resolve())}"
    config = SourceConfig(url=url)
    config._name = name
    source = connect(config, workspace.root)
    tables = source.tables()
    if len(tables) != 1:
        raise ParameterError(
            f"holds {len(tables)} tables: {', '.join(tables[:8])}",
            where=f"--exposures {exposures}",
            hint="give one file, or the folder whose files together are the exposures",
        )
    return name, [f"[sources.{name}]", f"url = {value_text(url)}", ""], source, tables[0]


def _shown(place: Path, root: Path) -> str:
    """The place as a url has it, a folder as one table of all its files."""
    shown = place.relative_to(root).as_posix() if place.is_relative_to(root) else place.as_posix()
    return f"{shown[:-1]}[{shown[-1]}]" if place.is_dir() else shown  # a glob of that folder alone


def _scheme(path: Path) -> str:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    parquet = any(one.suffix == ".parquet" for one in files)
    return "parquet" if parquet else "csv"


def _query(
    layout: Layout, rows: ir.Table, table: str, plans: Sequence[PlanDraft], dialect: str
) -> str:
    names = {name.lower(): name for name in rows.columns}
    experiment, user, variant, at = (
        _among(names, choices)
        for choices in (layout.experiment, layout.user, layout.variant, layout.at)
    )
    experiments = {p.source: p.id for p in plans if p.source != p.id}
    when = column_named(experiment)
    arms = [
        (sge.and_(_is(when, plan.source), _is(column_named(variant), *keys)), name)
        for plan in plans
        for name, keys in _keys(plan).items()
    ]
    select = sg.select(
        _case([(_is(when, key), id) for key, id in experiments.items()], when).as_("experiment_id"),
        column_named(user).as_("user_id"),
        _case(arms, column_named(variant)).as_("variant"),
        sge.Min(this=_moment(rows, at)).as_("assigned_at"),
    ).from_(
        sg.to_table(table, dialect=dialect)
        if "." in table
        else sge.table_(table, quoted=not table.isidentifier())
    )
    if layout.keep and (name := names.get(layout.keep[0])):
        select = select.where(layout.keep[1].format(column_named(name).sql(DUCKDB)), dialect=DUCKDB)
    return select.group_by("1", "2", "3").sql(dialect=dialect, pretty=True)


def _among(names: Mapping[str, str], choices: Iterable[str]) -> str:
    found = next((names[one] for one in choices if one in names), None)
    if found is None:
        raise NotCarried(
            f"they have no column {' or '.join(choices)} (but {', '.join(names.values())})",
            "rename it in a query of your own, and write [tables.assignments] by hand",
        )
    return found


def _keys(plan: PlanDraft) -> dict[str, list[str]]:
    """What exposures call each arm, where that is not its name in the plan."""
    out: dict[str, list[str]] = {}
    for key, name in plan.variants.items():
        if key != name:
            out.setdefault(name, []).append(key)
    return out


def _is(column: sge.Expression, *values: str) -> sge.Expression:
    text = sge.cast(column.copy(), "varchar")
    listed = [sge.Literal.string(value) for value in values]
    if len(listed) == 1:
        return sge.EQ(this=text, expression=listed[0])
    return sge.In(this=text, expressions=listed)


def _case(cases: Sequence[tuple[Any, str]], otherwise: sge.Expression) -> sge.Expression:
    as_text = sge.cast(otherwise.copy(), "varchar")
    if not cases:
        return as_text
    made = sge.Case()
    for condition, value in cases:
        made = made.when(condition, sge.Literal.string(value), copy=False)
    return made.else_(as_text)


def _moment(rows: ir.Table, name: str) -> sge.Expression:
    """When a user was exposed, as a time that has its zone: exports are in UTC."""
    column, type_ = column_named(name), rows[name].type()
    if type_.is_timestamp() and type_.timezone is not None:
        return column
    if type_.is_numeric():
        largest = rows[name].cast("float64").max().execute() or 0
        parts = 1 if largest < _SECONDS else 1e3 if largest < _MILLISECONDS else 1e6
        return sge.Anonymous(
            this="to_timestamp",
            expressions=[sge.Div(this=column, expression=sge.Literal.number(parts))],
        )
    plain = column if type_.is_timestamp() else sge.cast(column, "timestamp")
    return sge.AtTimeZone(this=plain, zone=sge.Literal.string("UTC"))


def _unknown(assignments: ir.Table, plans: Sequence[PlanDraft]) -> list[str]:
    """What stands in the table and in no plan; of experiments with a plan, each variant."""
    found = (
        assignments.select("experiment_id", "variant")
        .distinct()
        .order_by(["experiment_id", "variant"])
    )
    arms = {plan.id: set(plan.variants.values()) for plan in plans}
    out: list[str] = []
    for row in found.limit(1000).execute().itertuples():
        if row.experiment_id not in arms:
            out.append(f"experiment {row.experiment_id}")
        elif row.variant not in arms[row.experiment_id]:
            out.append(f"variant {row.variant} of {row.experiment_id}")
    return list(dict.fromkeys(out))
