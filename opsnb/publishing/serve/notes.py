"""plans/notes/ID.toml as a form shows it, and back: comments and other languages stay."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Array

from opsnb.base.errors import PlanError, PublishError
from opsnb.base.messages import Language
from opsnb.base.plans import CampaignNotes
from opsnb.base.toml_model import read_toml, validate
from opsnb.publishing.reports.run_record import write_atomic

LISTS = ("why", "lessons", "went_well", "went_wrong", "lucky")
ACTION = ("title", "owner", "due", "status")
NEW = "new"
"""The stamp of a file that is not there yet."""

_HEAD = "Written by the team in its review; reports read it and never change it."


@dataclass(frozen=True)
class Notes:
    """What a form holds: texts in one language, by part of the review.

    Attributes
    ----------
    stamp : str
        Hash of the file that was read; who writes says which one was changed.
    lists : dict
        `why`, `lessons`, `went_well`, `went_wrong`, `lucky`: a text each.
    actions : list of dict
        `title`, `owner`, `due`, `status`, all as text.
    """

    stamp: str
    lists: dict[str, list[str]] = field(default_factory=dict)
    actions: list[dict[str, str]] = field(default_factory=list)


def read(path: Path, language: Language) -> Notes:
    """The notes of a file in a language; empty ones where there is no file.

    Raises
    ------
    PlanError
        The file cannot be read, or is no file of notes.
    """
    if not path.exists():
        return Notes(NEW, {name: [] for name in LISTS})
    notes = validate(CampaignNotes, read_toml(path, PlanError), _place(path), PlanError)
    actions = [
        {
            name: language.say(str(v) if isinstance(v := getattr(a, name), dt.date) else v)
            for name in ACTION
        }
        for a in notes.actions
    ]
    lists = {name: [language.say(text) for text in getattr(notes, name)] for name in LISTS}
    return Notes(_stamp(path), lists, actions)


def write(path: Path, notes: Notes, language: Language) -> None:
    """Writes what a form holds into the file, whole or not at all.

    Texts that did not change keep their other languages and their place in the file.

    Raises
    ------
    PlanError
        The file is not the one that the form was drawn from, or what it would hold is wrong.
    """
    if notes.stamp != _stamp(path):
        raise PlanError(
            "the file was changed since this form was opened",
            where=_place(path),
            hint="compare with the file as it is now, then send the form again",
        )
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig")) if path.exists() else _new()
    before = document.unwrap()
    for name in LISTS:
        _put_list(document, name, merged(before.get(name, []), notes.lists.get(name, []), language))
    _put_actions(document, before.get("actions", []), notes.actions, language)
    text = tomlkit.dumps(document)
    validate(CampaignNotes, tomllib.loads(text), _place(path), PlanError)
    try:
        write_atomic(path, text)
    except PublishError as error:
        raise PlanError(error.what, where=_place(path), hint="check its permissions") from error


def merged(before: Sequence[Any], texts: Sequence[str], language: Language) -> list[Any]:
    """The labels that a list of texts in one language stands for.

    A text that was there keeps its label; one that took the place of a label in several
    languages changes this language only.
    """
    known = {language.say(label): label for label in before}
    return [
        known[text]
        if text in known
        else _in_language(before[i] if i < len(before) else None, text, texts, language)
        for i, text in enumerate(texts)
    ]


def _in_language(label: Any, text: str, texts: Sequence[str], language: Language) -> Any:
    replaced = isinstance(label, Mapping) and language.say(label) not in texts
    return {**label, language.code: text} if replaced else text


def _put_list(document: tomlkit.TOMLDocument, name: str, labels: list[Any]) -> None:
    if document.unwrap().get(name, []) == labels:
        return
    if labels:
        document[name] = _array(labels)
    else:
        document.remove(name)


def _array(labels: list[Any]) -> Array:
    array = tomlkit.array()
    for label in labels:
        if isinstance(label, Mapping):
            spoken = tomlkit.inline_table()
            spoken.update(label)
            array.append(spoken)
        else:
            array.append(label)
    return array.multiline(True)


def _put_actions(
    document: tomlkit.TOMLDocument,
    before: list[Any],
    rows: list[dict[str, str]],
    language: Language,
) -> None:
    """The actions, in the order of the form; those without a title go."""
    now = [
        {**(old := before[i] if i < len(before) else {}), **_action(old, row, language)}
        for i, row in enumerate(rows)
        if row["title"]
    ]
    if now == before:
        return
    if "actions" in document:
        document.remove("actions")
    if now:
        tables = tomlkit.aot()
        for action in now:
            table = tomlkit.table()
            for name, value in action.items():
                if isinstance(value, Mapping):
                    spoken = tomlkit.inline_table()
                    spoken.update(value)
                    value = spoken
                table.add(name, value)
            tables.append(table)
        document.append("actions", tables)


def _action(old: Mapping[str, Any], row: Mapping[str, str], language: Language) -> dict[str, Any]:
    """What a row of the form makes of an action; a status that was left out stays out."""
    changed: dict[str, Any] = {}
    for name in ("title", "owner"):
        (changed[name],) = merged([old[name]] if name in old else [], [row[name]], language)
    changed["due"] = _date(row["due"])
    if row["status"] != old.get("status", "open"):
        changed["status"] = row["status"]
    return changed


def _date(text: str) -> dt.date | str:
    """A date; a text that is none is left for the file's own check to name."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text


def _new() -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEAD))
    document.add(tomlkit.nl())
    return document


def _stamp(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else NEW


def _place(path: Path) -> str:
    return f"plans/notes/{path.name}"
