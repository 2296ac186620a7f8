"""What people enter into the ledger, on the command line or in a browser: checked alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from opsnb.base.errors import ParameterError, did_you_mean
from opsnb.base.ledger import Entry, Kind, Outcome
from opsnb.base.workspace import Workspace

LONGEST = {"title": 300, "owner": 100, "note": 2000, "reason": 2000}
"""Characters; a longer text is no line of a list any more."""


def add_action(
    workspace: Workspace,
    title: str,
    *,
    owner: str = "",
    due: str = "",
    cycle: str = "latest",
    about: str = "",
    evidence: Sequence[str] = (),
) -> Entry:
    """An action that no report proposed.

    Parameters
    ----------
    due : str
        As `2026-11-20`; empty for none.
    cycle : str
        The cycle it comes from.
    about : str
        The campaign or experiment whose next report opens with it.
    evidence : sequence of str
        What it rests on: keys of facts, links.

    Raises
    ------
    ParameterError
        The title is empty, a text is too long, `due` is no date, or `about` is no plan.
    PeriodError
        There is no such cycle.
    LedgerError
        The ledger cannot be written to.
    """
    if not title.strip():
        raise ParameterError("the title is empty", where="title", hint="say what is to be done")
    return workspace.ledger.add(
        "action",
        workspace.period(cycle.strip() or "latest", "month").key,
        _text(title, "title"),
        owner=_text(owner, "owner") or None,
        due=day(due, "due"),
        subject=_subject(workspace, about) or None,
        evidence=list(evidence) or None,
    )


def close(
    workspace: Workspace, kind: Kind, id: str, outcome: Outcome, *, on: str = "", note: str = ""
) -> Entry:
    """Say that an action is done, or what was decided; or that it was dropped.

    Parameters
    ----------
    on : str
        As `2026-11-20`; empty for today in the workspace's zone.
    note : str
        Of a decision: what was decided.

    Raises
    ------
    ParameterError
        A decision without an answer, a text that is too long, or `on` is no date.
    LedgerError
        There is no such entry, or the ledger cannot be written to.
    """
    said = _text(note, "note")
    if kind == "decision" and outcome == "done" and not said:
        raise ParameterError("the answer is missing", where="answer", hint="say what was decided")
    on_day = day(on, "on") or dt.datetime.now(workspace.zone).date()
    return workspace.ledger.close(id, kind, outcome, on_day, said or None)


def withdraw(workspace: Workspace, id: str, reason: str = "") -> Entry:
    """A prediction taken back: it stays in the ledger, and counts no more.

    Raises
    ------
    ParameterError
        The reason is too long.
    LedgerError
        There is no such prediction, it was taken back before, or the ledger cannot be written
        to.
    """
    return workspace.ledger.withdraw(id, "prediction", _text(reason, "reason") or None)


def day(text: str, where: str) -> dt.date | None:
    """A date as `2026-11-20`; None for an empty text."""
    if not text.strip():
        return None
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise ParameterError(
            f'"{text}" is no date', where=where, hint="write it as 2026-11-20"
        ) from None


def _subject(workspace: Workspace, about: str) -> str:
    known = {**workspace.campaigns, **workspace.experiments}
    if about and about not in known:
        raise ParameterError(
            f'no campaign or experiment "{about}"',
            where="about",
            hint=did_you_mean(about, known, kind="plans"),
        )
    return about


def _text(text: str, where: str) -> str:
    said = text.strip()
    if len(said) > LONGEST[where]:
        raise ParameterError(
            f"the text has {len(said)} characters, {LONGEST[where]} at most",
            where=where,
            hint="say it shorter, and keep the rest in a document that you name",
        )
    return said
