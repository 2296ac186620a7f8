"""The language files: one TOML file a language, flattened to dotted keys."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsnb.base import resources
from opsnb.base.errors import MessageError

LONGER_CYCLES = ("quarter", "year")
"""Cycles that are told in the words of the month's report."""

_TOLD_OF_A_MONTH = ("month.", "playbook.")
"""Texts in which a longer cycle takes the month's place."""


def known_languages() -> list[str]:
    """Codes of the languages that have a file, English first."""
    codes = sorted(path.stem for path in resources.messages().glob("*.toml"))
    return sorted(codes, key=lambda code: code != "en")


LANGUAGES = known_languages()


@functools.cache
def read_texts(path: Path) -> dict[str, str]:
    """A language file's texts by dotted key."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise MessageError(
            f"cannot read the language file ({error})",
            where=path.name,
            hint="a language is a TOML file in UTF-8",
        ) from error
    return dict(_flatten(tree))


def of_cycle(texts: Mapping[str, str], cycle: str) -> dict[str, str]:
    """The month's texts with the words of a longer cycle, the longest phrase first."""
    said = {key: text for key, text in texts.items() if key.startswith(f"cycle.{cycle}.")}
    phrases = [(texts[f"cycle.month.{key.split('.')[-1]}"], text) for key, text in said.items()]
    phrases.sort(key=lambda pair: -len(pair[0]))
    found = {}
    for key, text in texts.items():
        if key.startswith(_TOLD_OF_A_MONTH):
            for month, longer in phrases:
                text = text.replace(month, longer)
            found[key] = text
    return found


def _flatten(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += _flatten(value, f"{name}.")
        else:
            rows.append((name, str(value)))
    return rows
