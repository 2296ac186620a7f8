"""Metrics and plans as the text of TOML files, for people to read."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import tomlkit

from opsnb.analysis.definitions.carried import MetricDraft, PlanDraft


def metric_text(draft: MetricDraft) -> str:
    """A table of metrics.toml."""
    lines = [*_comment([draft.note] if draft.note else []), f"[{draft.id}]"]
    return "\n".join([*lines, *_pairs(draft.fields)]) + "\n"


def plan_text(draft: PlanDraft, heading: str) -> str:
    """A file of plans/experiments/."""
    lines = [*_comment([heading]), *_pairs(draft.fields)]
    for key, value in draft.fields.items():
        if isinstance(value, Mapping) and not _is_inline(value):
            lines += ["", f"[{key}]", *_pairs(value)]
        elif isinstance(value, list):
            for row in value:
                lines += ["", f"[[{key}]]", *_pairs(row)]
    if draft.notes:
        lines += ["", *_comment(draft.notes)]
    return "\n".join(lines) + "\n"


def lines_text(text: str) -> str:
    """A text of several lines."""
    return tomlkit.string(f"\n{text}\n", multiline=True).as_string()


def key_text(name: str) -> str:
    """A key, quoted where it has to be."""
    return tomlkit.key(name).as_string()


def value_text(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key_text(k)} = {value_text(v)}" for k, v in value.items())
        return f"{{{inner}}}"
    return str(tomlkit.item(value).as_string())


def _pairs(fields: Mapping[str, Any]) -> list[str]:
    plain = {
        key: value
        for key, value in fields.items()
        if not isinstance(value, list) and (not isinstance(value, Mapping) or _is_inline(value))
    }
    return [f"{key_text(key)} = {value_text(value)}" for key, value in plain.items()]


def _is_inline(value: Mapping[str, Any]) -> bool:
    """Whether a table goes on one line: shares of arms, texts by language."""
    return "metric" not in value


def _comment(texts: Iterable[str]) -> list[str]:
    plain = ["".join(sign for sign in text if sign.isprintable()) for text in texts]
    return [f"# {line}" for text in plain for line in textwrap.wrap(text, 96)]
