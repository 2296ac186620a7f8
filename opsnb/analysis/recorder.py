"""What the steps of a review are handed: tables and metrics to ask, and where to say what is so.

Facts, checks, findings, decisions and actions are recorded as the cells produce them.
`show(...)` wraps display parts into an object that a cell can end in; it carries, beside
what a person sees, everything recorded since the last one was rendered (the seam of
docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, TypeVar

from opsnb.analysis.display import (
    Actions,
    Cards,
    Decisions,
    Findings,
    Note,
    Part,
    VerdictBox,
    Withheld,
)
from opsnb.analysis.findings import (
    Action,
    Card,
    Check,
    Decision,
    Fact,
    Finding,
    Prediction,
    Status,
    Verdict,
)
from opsnb.analysis.methods.disclosure import hidden_cells, hidden_groups
from opsnb.analysis.metrics import Meter, load_catalogue
from opsnb.analysis.metrics.catalogue import Catalogue
from opsnb.analysis.metrics.data_range import last_day
from opsnb.analysis.metrics.rows import Rows
from opsnb.analysis.recorded_values import (
    as_day,
    held,
    require_facts,
    require_parts,
    require_said,
    require_word,
)
from opsnb.analysis.shown import Records, Shown
from opsnb.analysis.sources import require_still
from opsnb.analysis.tables import TableReport, check, fingerprints
from opsnb.analysis.tables.day_counts import written
from opsnb.base import resources
from opsnb.base.errors import ParameterError
from opsnb.base.messages import Language, Said, Text
from opsnb.base.periods import Kind
from opsnb.base.seam import Grade, Passed, Tone, Unit
from opsnb.base.workspace import Workspace

Group = TypeVar("Group", bound=Hashable)
Record = TypeVar("Record")

_WORST = ("bad", "warn", "good", "neutral")


def _put(record: Record, *lists: list[Record]) -> None:
    """Add a record once: a cell that is run again says the same again."""
    for records in lists:
        records[:] = [other for other in records if other != record] + [record]


class Recorder:
    """A playbook at work in one workspace.

    Attributes
    ----------
    workspace : Workspace
    period : Period
        The cycle that the report belongs to.
    languages : list of Language
        The first is the one that cells show; the others travel along for the publisher.
    rows, catalogue, meter
        The workspace's tables, its metrics, and what measures them.
    names : frozenset of str
        Under which names the ledger holds what this playbook said in earlier cycles.
    """

    def __init__(
        self,
        workspace: Workspace,
        playbook: str,
        *,
        cycle: str = "latest",
        languages: Iterable[str] = (),
        kind: Kind = "month",
    ) -> None:
        self.workspace = workspace
        self.playbook = playbook
        self.names = frozenset({playbook})
        reached = last_day(workspace) if cycle == "latest" else None
        self.period = workspace.period(cycle, kind, reached=reached)
        codes = list(languages) or [workspace.language]
        self.languages = [workspace.speak(code, cycle=self.period.kind) for code in codes]
        self.rows = Rows(workspace)
        self.facts: dict[str, Fact] = {}
        self.checks: dict[str, Check] = {}
        self.findings: list[Finding] = []
        self.decisions: list[Decision] = []
        self.actions: list[Action] = []
        self.reports: dict[str, TableReport] = {}
        self.is_invalid = False
        self._pending = Records()
        self._told_reads: dict[str, Any] = {}

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_catalogue(self.workspace.metrics)

    @cached_property
    def meter(self) -> Meter:
        return Meter(self.rows, self.catalogue)

    @property
    def language(self) -> Language:
        return self.languages[0]

    @property
    def owner(self) -> Said:
        """Who decides where a plan names nobody."""
        return self.workspace.owner or Text("common.team")

    def label(self, metric_id: str) -> Said:
        """A metric's name for people."""
        return self.catalogue[metric_id].label

    # -- recording ---------------------------------------------------------------------

    def fact(self, id: str, value: Any, unit: Unit = "number", **more: Any) -> Fact:
        """Record a fact and return it.

        Raises
        ------
        ParameterError
            The value is no number, text, date or truth, or the unit is not known.
        """
        require_word(unit, Unit, f"fact {id}, unit")
        numbers = ("low", "high", "n", "p_value")
        more |= {name: held(more[name], f"{id}, {name}") for name in numbers if name in more}
        fact = Fact(id, held(value, id), unit, **more)
        self.record(fact)
        return fact

    def record(self, *facts: Fact) -> None:
        """Record facts that evidence already holds."""
        for fact in facts:
            key = fact.key
            self.facts[key] = fact
            self._pending.facts.pop(key, None)  # one that is said again comes last
            self._pending.facts[key] = fact

    def record_missing(self, *facts: Fact) -> None:
        """Record those that no section has recorded."""
        self.record(*(fact for fact in facts if self.facts.get(fact.key) != fact))

    def _cite(self, *evidence: Fact) -> None:
        """What a record rests on is in the report, whether or not a section showed it."""
        self.record_missing(*evidence)

    @property
    def withheld(self) -> Withheld:
        """The cell that stands for people who must not be made out."""
        return Withheld(self.workspace.min_cell)

    def groups_to_withhold(
        self,
        id: str,
        *counts: Mapping[Group, int],
        crossed: bool = False,
        totals: bool = True,
        already: Collection[Group] = (),
    ) -> frozenset[Group]:
        """Which groups of a breakdown of people must be left out of facts, tables and charts.

        Those of fewer people than the workspace's `min_cell`, and the fewest others that it
        takes for no total to give them away. Every breakdown of people goes through here.

        Parameters
        ----------
        id : str
            Names the breakdown in the fact that tells how many groups are left out.
        *counts : mapping of group to int
            People by group: those a rate is of, and those it counts. Rows that belong to
            nobody are no people: they count as 0.
        crossed : bool
            Groups are pairs (row, column) of a table with published margins.
        totals : bool
            Whether a reader knows the total of each; else nothing gives a small group away.
        already : collection of groups
            Left out anyway, so that they may stand in for others.
        """
        least = self.workspace.min_cell
        if crossed:
            rule: Any = hidden_cells
            hidden = frozenset[Group]().union(*(rule(count, least) for count in counts))
        else:
            hidden = hidden_groups(*counts, minimum=least, totals=totals, already=already)
        if hidden:
            groups = hidden.union(*counts)
            self.fact("people.withheld", len(hidden), "count", segment=id, n=len(groups))
        return hidden

    def check(self, id: str, status: Passed, message: Said, *evidence: Fact) -> Check:
        """Record a trust check: "pass", "warn" or "block"."""
        require_word(status, Passed, f"check {id}, status")
        require_said(message, f"check {id}")
        require_facts(evidence, f"check {id}")
        check = Check(id, status, message, evidence)
        self.record_checks(check)
        return check

    def record_checks(self, *checks: Check) -> None:
        """Record checks that evidence already holds."""
        for each in checks:
            self._cite(*each.evidence)
            self.checks[each.id] = each
            self._pending.checks = [c for c in self._pending.checks if c.id != each.id] + [each]

    def record_missing_checks(self, *checks: Check) -> None:
        """Record those that no section has shown: what a verdict rests on is in the report."""
        self.record_checks(*(check for check in checks if self.checks.get(check.id) != check))

    def blocks_beside(self, known: Iterable[Check]) -> tuple[Check, ...]:
        """Checks that a team's own cells recorded as blocking: a review knows its own."""
        ids = {check.id for check in known}
        return tuple(check for check in self._blocking if check.id not in ids)

    @property
    def _blocking(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks.values() if check.status == "block")

    def finding(
        self,
        claim: Said,
        *evidence: Fact,
        grade: Grade = "E",
        tone: Tone = "neutral",
        section: str,
    ) -> Finding:
        """Record a claim, the facts that carry it, and the cell id where they are shown."""
        require_word(grade, Grade, "finding, grade")
        require_word(tone, Tone, "finding, tone")
        require_said(claim, "finding")
        require_facts(evidence, "finding")
        finding = Finding(claim, evidence, grade=grade, tone=tone, section=section)
        self._cite(*evidence)
        _put(finding, self.findings, self._pending.findings)
        return finding

    def decide(self, question: Said, by: Said | None = None, **more: Any) -> Decision:
        """Record what somebody has to decide."""
        require_said(question, "decision")
        require_facts(more.get("evidence", ()), "decision")
        more["due"] = as_day(more.get("due"), "decision, due")
        decision = Decision(question, by or self.owner, **more)
        self._cite(*decision.evidence)
        _put(decision, self.decisions, self._pending.decisions)
        return decision

    def act(self, title: Said, owner: Said | None = None, **more: Any) -> Action:
        """Record a proposed step."""
        require_said(title, "action")
        require_facts(more.get("evidence", ()), "action")
        more["due"] = as_day(more.get("due"), "action, due")
        action = Action(title, owner or self.owner, **more)
        self._cite(*action.evidence)
        _put(action, self.actions, self._pending.actions)
        return action

    def predict(self, prediction: Prediction) -> Prediction:
        """Record an expectation, to be scored when its day has come."""
        _put(prediction, self._pending.predictions)
        return prediction

    def status(self, status: Status, reason: Said) -> None:
        """Mark the report provisional, invalid or skipped; the worst mark wins."""
        order = ("ready", "provisional", "skipped", "invalid")
        if status not in order:
            raise ParameterError(
                f'no status "{status}"', where="status", hint=f"take one of {', '.join(order)}"
            )
        self.is_invalid = self.is_invalid or status == "invalid"
        now, told = self._pending.status or ("ready", ())
        if order.index(status) > order.index(now) or not told:
            self._pending.status = (status, (reason,))
        elif status == now and reason not in told:
            self._pending.status = (status, (*told, reason))

    # -- the data gate -------------------------------------------------------------------

    def inspect(self, *names: str) -> list[TableReport]:
        """Contract reports of tables (those mapped); their fingerprints enter the report."""
        wanted = [name for name in names if name in self.workspace.tables]
        missing = [name for name in wanted if name not in self.reports]
        known = list(self.reports.values())
        for report in check(self.workspace, missing, known) if missing else []:
            self.reports[report.table] = report
            days = written(self.rows.table(report.table).days)
            self._pending.tables[report.table] = {**report.provenance(), "days": days}
        return [self.reports[name] for name in wanted]

    # -- showing -----------------------------------------------------------------------

    def show(self, *parts: Part) -> Shown:
        """Parts as something a cell can end in, with all that was recorded until it is shown.

        Raises
        ------
        ChangedDataError
            A file that was read has changed since: the runner then starts anew, once.
        ParameterError
            One of them is no part of a page.
        """
        require_parts(parts)
        require_still(self.workspace)
        return Shown(self.languages, parts, self._take)

    def rest(self) -> Shown | None:
        """What no output has carried away yet, as one that shows nothing; None where all has."""
        if self._pending == Records() and self._reads() == self._told_reads:
            return None
        return Shown(self.languages, (), self._take)

    def _take(self) -> Records:
        """Hands over what was recorded, with all that was read so far."""
        taken, self._pending = self._pending, Records()
        taken.reads = self._told_reads = self._reads()
        return taken

    def _reads(self) -> dict[str, Any]:
        return {**self.workspace.reads.as_dict(), "tables": fingerprints(self.workspace)}

    def first_screen(self, verdict: Verdict, cards: Iterable[Card]) -> Shown:
        """The summary: verdict, cards, what to decide, findings, actions.

        An invalid report's first screen carries no numbers: cards and findings are left out.
        It answers the checks that block so far; the publisher refuses a report for any other.
        """
        self._cite(*verdict.evidence)
        self._pending.verdict = verdict
        self._pending.answered = [check.id for check in self._blocking]
        parts: list[Part] = [VerdictBox(verdict)]
        if not self.is_invalid:
            self._pending.cards = list(cards)
            self._cite(*(card.fact for card in self._pending.cards))
            parts.append(Cards(self._pending.cards))
        if self.decisions:
            parts.append(Decisions(self.decisions))
        if self.findings and not self.is_invalid:
            # The worst first, whatever section found it: a first screen is read from the top.
            parts.append(Findings(sorted(self.findings, key=lambda f: _WORST.index(f.tone))))
        if self.actions:
            parts.append(Actions(self.actions))
        return self.show(*parts)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        css = (resources.templates() / "report" / "fragments.css").read_text(encoding="utf-8")
        line = self.language.text(
            "common.session",
            workspace=self.workspace.name,
            period=self.period.text,
            as_of=self.workspace.as_of,
        )
        note = Note(line)
        return {
            "text/plain": note.plain(self.language),
            "text/html": f"<style>{css}</style>{note.html(self.language)}",
        }
