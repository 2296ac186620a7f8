"""An action, decision or prediction of the ledger, and what each of its lines makes of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

from opsnb.base.messages import Label

Kind = Literal["action", "decision", "prediction"]
KINDS: tuple[Kind, ...] = ("action", "decision", "prediction")

State = Literal["open", "done", "dropped", "withdrawn"]
Status = Literal["open", "done", "late", "dropped", "withdrawn", "superseded"]
Outcome = Literal["done", "dropped"]

_EVENTS = ("add", "close", "reopen", "observe", "withdraw")


@dataclass(frozen=True)
class Entry:
    """An action, decision or prediction, as its lines leave it.

    Attributes
    ----------
    title : Label
        What is to be done, decided or expected; a string, or a dict by language.
    report : str or None
        `CYCLE/SLUG` of the report it comes from; None when a person entered it.
    value, low, high, observed : float or None
        Of a prediction, in the metric's unit.
    closed : date or None
        When it was done or dropped; for a decision, when it was made.
    note : str, dict or None
        What was said at closing: the decision made, why it was dropped or withdrawn.
    touched : bool
        A person has entered or changed it; re-running its report leaves it alone.
    as_of : date or None
        Of a prediction: the day of the data when it was made; None in older ledgers.
    inputs : str or None
        Of a prediction: a hash of the data, mapping and metrics that made it.
    superseded_by : str or None
        Of a withdrawn one: the prediction that took its place, or the report that made none.
    """

    id: str
    kind: Kind
    cycle: str
    title: Label
    added: dt.datetime
    report: str | None = None
    playbook: str | None = None
    subject: str | None = None
    owner: Label | None = None
    due: dt.date | None = None
    evidence: tuple[str, ...] = ()
    metric: str | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    observed: float | None = None
    state: State = "open"
    closed: dt.date | None = None
    note: Label | None = None
    touched: bool = False
    as_of: dt.date | None = None
    inputs: str | None = None
    superseded_by: str | None = None
    history: tuple[dict[str, Any], ...] = ()

    def status(self, as_of: dt.date) -> Status:
        """done, dropped, withdrawn, superseded, late (open and past its date) or open."""
        if self.state in ("done", "dropped"):
            return self.state
        if self.state == "withdrawn":
            return "superseded" if self.superseded_by else "withdrawn"
        if self.kind == "prediction" and self.observed is not None:
            return "done"
        return "late" if self.due is not None and self.due < as_of else "open"

    @property
    def on_time(self) -> bool | None:
        """Whether it was done by its date; None while it is open, dropped, or has no date."""
        if self.state != "done" or self.closed is None or self.due is None:
            return None
        return self.closed <= self.due

    @property
    def hit(self) -> bool | None:
        """Whether a prediction's interval held the outcome; None before it is known."""
        if None in (self.observed, self.low, self.high):
            return None
        assert self.low is not None and self.high is not None and self.observed is not None
        return self.low <= self.observed <= self.high


def entry_id(kind: Kind, *parts: str) -> str:
    """A stable id from what names an entry: `a-5f0c31d2e9`."""
    return f"{kind[0]}-{sha256(chr(31).join(parts).encode()).hexdigest()[:10]}"


def apply(known: dict[str, Entry], line: dict[str, Any]) -> None:
    """What a line makes of the entries."""
    event, id = line["event"], line["id"]
    if not isinstance(id, str) or not id.strip():
        raise ValueError("its id is no text")
    if event not in _EVENTS:
        raise ValueError(f'unknown event "{event}"')
    entry = known.get(id)
    if event == "add":
        again = added(line, (*entry.history, line) if entry else (line,))
        # Of what two people registered before they merged, a prediction is the first.
        stands = entry is not None and entry.kind == "prediction" and entry.state == "open"
        known[id] = replace(entry, history=again.history) if entry and stands else again
        return
    if entry is None:
        raise ValueError(f'no entry "{id}" was added before')
    changes: dict[str, Any] = {"touched": True}
    if event == "close":
        if line["status"] not in ("done", "dropped"):
            raise ValueError(f'an entry closes as done or dropped, not "{line["status"]}"')
        changes |= {
            "state": line["status"],
            "closed": _day(line["on"]),
            "note": _text(line, "note"),
        }
    elif event == "reopen":
        changes |= {"state": "open", "closed": None, "note": None, "superseded_by": None}
    elif event == "observe":
        changes = {"observed": float(line["value"])}
    else:
        changes = {
            "state": "withdrawn",
            "note": _text(line, "note"),
            "superseded_by": _plain(line, "superseded_by"),
        }
    known[id] = replace(entry, **changes, history=(*entry.history, line))


def added(line: dict[str, Any], history: tuple[dict[str, Any], ...]) -> Entry:
    if line["kind"] not in KINDS:
        raise ValueError(f'unknown kind "{line["kind"]}"')
    fields: dict[str, Any] = {k: float(line[k]) for k in ("value", "low", "high") if k in line}
    fields |= {k: _text(line, k) for k in ("report", "playbook", "subject", "owner", "metric")}
    fields["inputs"] = _plain(line, "inputs")
    return Entry(
        line["id"],
        line["kind"],
        line["cycle"],
        _text(line, "title") or line["id"],
        dt.datetime.fromisoformat(line["at"]),
        due=_day(line["due"]) if "due" in line else None,
        as_of=_day(line["as_of"]) if "as_of" in line else None,
        evidence=tuple(line.get("evidence", ())),
        touched=bool(line.get("touched")),
        history=history,
        **fields,
    )


def _text(line: dict[str, Any], key: str) -> Label | None:
    """A text, or a text by language; None where the line has none."""
    value = line.get(key)
    if value is None or isinstance(value, str):
        return value
    texts = value.values() if isinstance(value, dict) and value else [value]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f'"{key}" is no text')
    label: Label = value
    return label


def _plain(line: dict[str, Any], key: str) -> str | None:
    """A text that is the same in all languages; None where the line has none."""
    value = line.get(key)
    if value is not None and not isinstance(value, str):
        raise ValueError(f'"{key}" is no text')
    return value


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
