"""`opsnb map`: a team's own tables are read as those of the contract, and opsnb.toml is written."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsnb.cli.options import Json, parameters_of
from opsnb.cli.output import EXIT_FAILED, note, reported, say, shown, table, write_json

if TYPE_CHECKING:
    from opsnb.analysis.mapping.places import Look
    from opsnb.analysis.mapping.propose import Proposal
    from opsnb.analysis.mapping.questions import Answers, Question
    from opsnb.base.workspace import SourceConfig, Workspace


@reported
def map_tables(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A folder, a file, a glob in quotes, or a URL: duckdb://, postgres://."
        ),
    ],
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", "-a", help="KEY=VALUE: answers a question beforehand; repeat it."),
    ] = None,
    preset: Annotated[
        str, typer.Option("--preset", help="Read it as the export of a platform: ga4, shopify, ...")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the lines of opsnb.toml, and write nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Add to an opsnb.toml that is there without asking.")
    ] = False,
    ask: Annotated[
        bool | None,
        typer.Option(
            "--ask/--no-ask", help="Ask what the data cannot tell; default on a terminal."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Map your own tables: propose which is which, and write opsnb.toml.

    Looks at each table, says which table of the contract it is and which column is which, how
    sure that is and why. What is likely is written, what is doubtful is marked as a guess, and
    what the data cannot tell is asked. Tables that opsnb.toml maps already stay as they are.

    Examples:

      opsnb map data

      opsnb map exports/orders.csv --answer orders.amount=Total --dry-run

      opsnb map duckdb://warehouse.duckdb --json
    """
    asks = sys.stdin.isatty() and not json if ask is None else ask and not json
    lay_out(context.obj, source, parameters_of(answer or []), preset, dry_run, yes, asks, json)


def lay_out(
    place: Path | None,
    source: str,
    given: dict[str, str],
    preset: str = "",
    dry_run: bool = False,
    yes: bool = False,
    asks: bool = False,
    json: bool = False,
) -> None:
    """Maps a source into the workspace at a place, as `opsnb map` does."""
    from opsnb.analysis.mapping.questions import Answers
    from opsnb.analysis.mapping.write import append

    file = _file(place)
    answers = Answers(given)
    session = _Session.begin(file, source, answers, preset, json)
    proposal, text = session.proposed()
    if asks:
        while question := session.next_question(proposal):
            if reply := _asked(question):
                answers.given[question.key] = reply
                session.look_again(question.key)
                proposal, text = session.proposed()
    answers.require_used()
    writes = not dry_run and bool(proposal.written)
    if writes and file.is_file() and not yes:
        if not json:
            say(text)
        writes = asks and typer.confirm(f"Add these lines to {shown(file)}?", err=True)
    if writes:
        append(file, text)
    if json:
        write_json(session.as_dict(proposal, text, writes))
    else:
        session.tell(proposal, text, file, writes, dry_run)
    if writes:
        session.check(file, json)
    elif not dry_run:
        raise typer.Exit(EXIT_FAILED)


def _file(place: Path | None) -> Path:
    """The opsnb.toml that is added to: the one named, the nearest one, or a new one here."""
    from opsnb.base.workspace import FILE

    named = place or (Path(env) if (env := os.environ.get("OPSNB_WORKSPACE")) else None)
    if named is not None:
        return named if named.name == FILE else named / FILE
    here = Path.cwd()
    return next((f / FILE for f in (here, *here.parents) if (f / FILE).is_file()), here / FILE)


def _asked(question: Question) -> str:
    """The answer that a person types: a choice's number or its words; empty: as it is."""
    note(f"\n{question.ask[0].upper()}{question.ask[1:]}")
    for number, (value, why) in enumerate(question.choices, 1):
        note(f"  {number}  {value}{f'  ({why})' if why else ''}")
    kept = f"Enter: {question.now}" if question.now else "Enter: leave it open"
    reply = str(
        typer.prompt(f"{question.key} [{kept}]", default="", show_default=False, err=True)
    ).strip()
    picked = [part.strip() for part in reply.split(",")] if question.several else [reply]
    values = [value for value, _ in question.choices]
    return ",".join(
        values[int(one) - 1]
        if one.isdigit() and 0 < int(one) <= len(values) and one not in values
        else one
        for one in picked
    )


@dataclass
class _Session:
    """One run of `opsnb map`: what was looked at, and what is there already."""

    file: Path
    workspace: Workspace | None
    configs: list[SourceConfig]
    look: Look
    answers: Answers
    preset: str
    quiet: bool
    asked: set[str]

    @classmethod
    def begin(cls, file: Path, source: str, answers: Answers, preset: str, quiet: bool) -> _Session:
        from opsnb.analysis.mapping.places import sources_at
        from opsnb.base.workspace import Workspace

        workspace = Workspace.load(file) if file.is_file() else None
        configs = sources_at(source, file.parent, workspace.sources if workspace else {})
        session = cls(file, workspace, configs, None, answers, preset, quiet, set())  # type: ignore[arg-type]
        session.look_again("dates")
        return session

    def look_again(self, key: str) -> None:
        """Looks at the tables anew where an answer changes how they are read."""
        from opsnb.analysis.mapping.places import look_at
        from opsnb.analysis.mapping.propose import read_all
        from opsnb.cli.progress import progress

        if key != "dates" and not key.startswith("columns."):
            return
        with progress("Looking", quiet=self.quiet) as bar:
            self.look = look_at(
                self.configs,
                self.file.parent,
                lambda table: self.answers.get(f"columns.{table}"),
                self.answers.among("dates", ("day first", "month first")),
                bar.stage,
            )
            self.candidates = read_all(self.look.tables)

    def next_question(self, proposal: Proposal) -> Question | None:
        """The first that was not asked yet, and that an answer settles."""
        for question in proposal.questions:
            if question.key not in self.asked and not question.by_hand:
                self.asked.add(question.key)
                return question
        return None

    def proposed(self) -> tuple[Proposal, str]:
        """What may be written with the answers so far, and its lines."""
        from opsnb.analysis.mapping.from_preset import with_presets
        from opsnb.analysis.mapping.propose import propose
        from opsnb.analysis.mapping.settings import settings_of
        from opsnb.analysis.mapping.write import added

        there = self.workspace
        mapped = set(there.tables) if there else set()
        presets = with_presets(self.look, mapped, self.preset)
        taken = mapped | {draft.contract for draft in presets.drafts}
        served = {name for draft in presets.drafts for name in draft.parts}
        rest = [c for c in self.candidates if c.table.name not in served]
        proposal = propose(self.look, rest, taken, self.answers)
        proposal.drafts[:0], proposal.questions[:0] = presets.drafts, presets.questions
        settings = None
        if there is None:
            name = self.file.parent.resolve().name or "Our company"
            settings, asked = settings_of(name, self.look.tables, proposal, self.answers)
            proposal.questions += asked
        text = added(
            proposal,
            self.look.sources,
            there.sources if there else (),
            settings,
            there.metrics if there else (),
        )
        return proposal, text

    def as_dict(self, proposal: Proposal, text: str, written: bool) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "written": written,
            "tables": [
                {
                    "contract": draft.contract,
                    "table": draft.table.name,
                    "score": round(draft.score, 2),
                    "mapped": not draft.missing,
                    "missing": draft.missing,
                    "columns": [
                        {
                            "column": line.column,
                            "sql": line.sql,
                            "score": None if line.score is None else round(line.score, 2),
                            "guess": line.is_guess,
                            "why": line.why,
                            "samples": line.samples,
                        }
                        for line in draft.lines
                    ],
                }
                for draft in proposal.drafts
            ],
            "left": proposal.left,
            "questions": [question.as_dict() for question in proposal.questions],
            "text": text,
        }

    def tell(self, proposal: Proposal, text: str, file: Path, written: bool, dry_run: bool) -> None:
        """What was found, as people read it."""
        if dry_run:
            say(text)
        rows = [
            [
                draft.table.name,
                draft.contract,
                f"{draft.score:.2f}",
                f"lacks {', '.join(draft.missing)}" if draft.missing else "mapped",
                ", ".join(line.column for line in draft.lines if line.is_guess) or "-",
            ]
            for draft in proposal.drafts
        ]
        rows += [[name, "-", "-", why, "-"] for name, why in proposal.left.items()]
        if rows and not dry_run:
            table(["your table", "contract", "sure", "", "guesses"], rows)
        for question in proposal.questions:
            if question.key not in self.answers.given:
                note(f"? {question.line}")
        if written:
            say(shown(file))
        elif not proposal.written:
            note("Nothing can be mapped: see the reasons above, and docs/mapping.md")
        elif not dry_run:
            note(f"{shown(file)} was left as it is; add --yes to add the lines above")

    def check(self, file: Path, json: bool) -> None:
        """Checks the tables that are mapped now, and says what remains."""
        from opsnb.base.workspace import Workspace
        from opsnb.cli.data_gate import COLUMNS, check_tables
        from opsnb.cli.progress import progress

        workspace = Workspace.load(file)
        if json:
            return
        with progress("Checking", quiet=False) as bar:
            gate = check_tables(workspace, [], bar.stage)
        say()
        table(COLUMNS, gate.rows, right=(1, 5))
        say("\n".join(["", *gate.lines] if gate.lines else []))
        note("Next: look over the lines marked guess in opsnb.toml, then opsnb check")
        for line in _first_reports(workspace):
            note(f"  {line}")


def _first_reports(workspace: Workspace) -> list[str]:
    """Commands of the reports that the mapped tables are enough for."""
    lines = []
    if "orders" in workspace.tables:
        lines.append("opsnb run monthly_retrospective")
    if {"assignments", "outcomes"} <= set(workspace.tables):
        lines.append("opsnb run ab_readout -p experiment=ID -p metric=METRIC -p control=ARM")
    if "spend" in workspace.tables:
        lines.append("opsnb run campaign_review -p campaign=ID, with a plan in plans/campaigns/")
    return lines
