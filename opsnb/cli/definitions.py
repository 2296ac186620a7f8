"""`opsnb import`: metrics and experiments of another tool become those of the workspace."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsnb.base.errors import ParameterError
from opsnb.cli.options import Json, the_workspace
from opsnb.cli.output import note, reported, say, shown, table, write_json

if TYPE_CHECKING:
    from opsnb.analysis.definitions import Outcome

_COMPARE = {
    "dbt": "mf query --metrics {their} --group-by metric_time__month (dbt sl query in dbt Cloud)",
    "GrowthBook": "open {their} under Metrics and read one month of its analysis",
    "Statsig": "the users of each group on the experiment's Results page",
    "Optimizely": "the visitors of each variation on the experiment's Results page",
}


@reported
def import_(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(help="dbt, growthbook, statsig or optimizely.")],
    paths: Annotated[list[Path], typer.Argument(help="Its exports.", metavar="PATH...")],
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", help="orders=fct_orders: the table that holds a model's rows."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", help="d1_retention=retention_1: the metric that one of theirs is."
        ),
    ] = None,
    exposures: Annotated[
        str,
        typer.Option("--exposures", help="A file or folder of exposures, or SOURCE.TABLE."),
    ] = "",
    dialect: Annotated[
        str, typer.Option("--dialect", help="That their SQL is written in, such as snowflake.")
    ] = "duckdb",
    end: Annotated[
        str, typer.Option("--end", help="End of experiments that have none yet: 2026-12-31.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written; write nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Carry over another tool's metrics and experiments.

    Metrics are added to metrics.toml, experiments become plans/experiments/ID.toml, exposures
    [tables.assignments]. What has no equal here is listed with the reason; what people wrote
    stays. docs/importing.md says what maps to what.

    Examples:

      opsnb import dbt target/semantic_manifest.json --table orders=fct_orders --dry-run

      opsnb import growthbook fact-metrics.json fact-tables.json experiments.json

      opsnb import statsig experiments.json --exposures first_exposures.csv

      opsnb import optimizely experiments.json --metric 2168=order_conversion
    """
    from opsnb.analysis.definitions import Options, as_dict, import_definitions

    workspace = the_workspace(context.obj)
    options = Options(
        tables=_pairs(tables or [], "--table", "orders=fct_orders"),
        metrics=_pairs(metrics or [], "--metric", "d1_retention=retention_1"),
        dialect=dialect,
        until=_day(end),
        exposures=exposures,
    )
    outcome = import_definitions(workspace, tool.lower(), paths, options)
    written = [] if dry_run else outcome.write()
    if json:
        write_json(as_dict(outcome, written=not dry_run))
        return
    _say(outcome, dry_run=dry_run)
    for path in written:
        note(f"written: {shown(path)}")


def _say(outcome: Outcome, *, dry_run: bool) -> None:
    """What was carried over, what was not and why, and how to see whether it is right."""
    rows = [
        [one.id, one.source, str(one.fields["kind"]), str(one.fields.get("table", "-"))]
        for one in outcome.metrics
    ]
    if rows:
        table(["metric", f"in {outcome.tool}", "kind", "table"], rows)
    plans = [
        [
            one.id,
            one.source,
            f"{one.fields['start']} to {one.fields['end']}",
            ", ".join(one.fields["split"]),
        ]
        for one in outcome.plans
    ]
    if plans:
        say()
        table(["experiment", f"in {outcome.tool}", "days", "arms, control first"], plans)
    if outcome.refused:
        say("\nNot carried over:")
    for (what, reason, hint), names in _by_reason(outcome).items():
        say(f"  {what} {', '.join(names)}: {reason}.")
        if hint:
            say("    Fix: " + hint.replace("\n", "\n      "))
    for id, wanted in outcome.renamed.items():
        if any(one.id == id for one in outcome.metrics):
            note(f"{wanted} is a metric here already; theirs is called {id}")
    if outcome.there:
        note(f"there already: {', '.join(outcome.there)}")
    for name in outcome.kept:
        note(f"kept as it is here: {name}")
    _say_exposures(outcome)
    if dry_run:
        _say_texts(outcome)
    _say_next(outcome, dry_run=dry_run)


def _by_reason(outcome: Outcome) -> dict[tuple[str, str, str], list[str]]:
    """Names of what was not carried over, by what it is, why, and what would help."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in outcome.refused:
        found.setdefault((one.what, one.reason, one.hint), []).append(one.name)
    return found


def _say_exposures(outcome: Outcome) -> None:
    if outcome.mapping is None:
        return
    if outcome.mapping_kept and any("assignments" in name for name in outcome.kept):
        say("\nopsnb.toml maps assignments already; for these exposures it would be:\n")
        say(outcome.mapping.text)
    note("times of exposures that name no zone are read as UTC: see the days in opsnb check")
    if outcome.mapping.unknown:
        note(f"in the exposures and in no plan: {', '.join(outcome.mapping.unknown[:20])}")


def _say_texts(outcome: Outcome) -> None:
    """What would be written where."""
    texts = {"metrics.toml": outcome.metrics_text, "opsnb.toml": outcome.new_mapping}
    texts |= {f"plans/experiments/{p.id}.toml": outcome.plan_text(p) for p in outcome.plans}
    for name, text in texts.items():
        if text:
            say(f"\n# --- {name}, to be added ---\n{text}")


def _say_next(outcome: Outcome, *, dry_run: bool) -> None:
    """How to see whether what was carried over gives the tool's own numbers."""
    if not (outcome.metrics or outcome.plans or outcome.new_mapping):
        found = outcome.refused or outcome.there or outcome.kept
        note("Nothing new." if found else "The files hold no metric and no experiment.")
        return
    if dry_run:
        note("Nothing was written; leave --dry-run out to write it.")
        return
    their, ours = next(((one.source, one.id) for one in outcome.metrics), ("", ""))
    there = _COMPARE[outcome.tool].format(their=their or "the experiment's metrics")
    note(f"Before you trust them, compare one month with {outcome.tool}. There: {there}.")
    if ours:
        note(
            f"Here: write [{ours}] with a target into plans/targets/MONTH.toml, then "
            "opsnb run monthly_retrospective -p cycle=MONTH shows it. Likely differences: rows "
            "that the data gate leaves out (opsnb check), the time zone, test orders."
        )
    if outcome.plans:
        id = outcome.plans[0].id
        note(f"Here: opsnb run ab_readout -p experiment={id} counts the users of each arm.")
    note("Next: opsnb check")


def _pairs(given: list[str], option: str, example: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ParameterError(
                f'"{text}" is not NAME=NAME', where=option, hint=f"write {option} {example}"
            )
        if name in pairs:
            raise ParameterError(f'"{name}" is given twice', where=option, hint="give it once")
        pairs[name] = value
    return pairs


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ParameterError(
            f'"{text}" is no date', where="--end", hint="write --end 2026-12-31"
        ) from None
