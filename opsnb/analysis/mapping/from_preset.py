"""Exports of well-known platforms: the presets' tables as drafts, in place of a guess."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Collection
from typing import Any

from opsnb.analysis.mapping.drafts import Draft, Line
from opsnb.analysis.mapping.places import Look
from opsnb.analysis.mapping.propose import Proposal
from opsnb.analysis.mapping.questions import Question
from opsnb.base.errors import ParameterError

__all__ = ["with_presets"]

_MODULE = "opsnb.analysis.mapping.preset"


def with_presets(look: Look, mapped: Collection[str], name: str = "") -> Proposal:
    """The tables that presets yield: of the one that is named, or of those that show themselves.

    Raises
    ------
    ParameterError
        A preset is named, and none are here.
    WorkspaceError
        There is no such preset, or no table looks like one of its files.
    """
    made = Proposal()
    if importlib.util.find_spec(_MODULE) is None:
        if name:
            raise ParameterError(
                "this version has no presets", where="--preset", hint="leave the option out"
            )
        return made
    presets: Any = importlib.import_module(_MODULE)
    by_source: dict[str, dict[str, list[str]]] = {}
    for table in look.tables:
        by_source.setdefault(table.source, {})[table.name] = list(table.columns)
    for source, tables in by_source.items():
        for preset in _of(presets, tables, name):
            for table in preset.tables(tables):
                if table.contract not in mapped and table.contract not in _contracts(made):
                    made.drafts.append(_draft(look, source, preset, table))
                    made.questions += [
                        Question(f"{table.contract}.{id}", _english(ask), by_hand=True)
                        for id, ask in table.questions
                    ]
    return made


def _of(presets: Any, tables: dict[str, list[str]], name: str) -> list[Any]:
    if name:
        return [presets.get(name)]
    found = {one.name: one for columns in tables.values() if (one := presets.detect(columns))}
    return list(found.values())


def _contracts(made: Proposal) -> set[str]:
    return {draft.contract for draft in made.drafts}


def _draft(look: Look, source: str, preset: Any, table: Any) -> Draft:
    profile = next(t for t in look.tables if t.source == source and t.name == table.sources[0])
    notes = [f"by the preset {preset.name}: {_english(preset.title)}"]
    notes += [_english(comment.say) for comment in table.comments]
    notes += [f"left out: {_english(rest.label)}" for rest in table.left_out]
    checks = [
        {"id": check.id, "where": check.where, "level": check.level, "label": check.label}
        for check in table.checks
    ]
    lines = [Line(column, "", 1.0, f"preset {preset.name}") for column in table.columns]
    return Draft(
        table.contract, profile, 1.0, lines, notes=notes, grain=table.grain or "",
        parts=tuple(table.sources), body=table.sql, checks=checks,
    )  # fmt: skip


def _english(said: Any) -> str:
    text = said.get("en") if isinstance(said, dict) else getattr(said, "en", said)
    return str(text).rstrip(".")
