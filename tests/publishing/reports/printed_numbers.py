"""Numbers as a page prints them, and those that a report.json says when its formats are read."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from opsnb.base.messages import Language
from opsnb.base.messages.formats import spec_of

_NUMBER = re.compile(r"[+−]?(?:[¥$€£])?\d+(?:,\d{3})*(?:\.\d+)?(?:%|×|bn\b|m\b|k\b|万|亿)?")
_DATES = re.compile(
    r"\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日(?:–\d{1,2}月\d{1,2}日)?|\d{1,2}月"
    r"|(?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*(?: \d{4})?"
    r"|\d{4}-\d{2}(?:-\d{2})?|\d{4}-(?:W\d{2}|Q\d)|(?:第)?\d{1,2}周|\d{4}年"
)
_WITHOUT = re.compile(r"<(style|script|nav)\b.*?</\1>", re.DOTALL)
_ATTRIBUTE = re.compile(r'\b(?:aria-label|title)="([^"]*)"')
_MAIN = re.compile(r'<section class="pg-first".*</main>', re.DOTALL)


def numbers(text: str) -> set[str]:
    """The numbers in a text, dates left out."""
    return set(_NUMBER.findall(_DATES.sub(" ", text)))


def printed(page: str) -> dict[str, str]:
    """The numbers of a page between its head and its footer, each with the text around it."""
    found = _MAIN.search(page)
    assert found is not None
    body = _WITHOUT.sub("", found[0])
    texts = [*re.findall(r">([^<]+)", body), *_ATTRIBUTE.findall(body)]
    return {
        number: html.unescape(text) for text in texts for number in numbers(html.unescape(text))
    }


def held(report: Mapping[str, Any], language: Language) -> set[str]:
    """The numbers that a report's records, facts and parts say in a language."""
    known = {key: value for key, value in report.items() if key != "provenance"}
    found = set().union(*(numbers(text) for text in _strings(known)))
    statuses = [check["status"] for check in report["checks"]]
    found |= {str(statuses.count(status)) for status in ("pass", "warn", "block")}
    for fact in report["facts"]:
        spec = spec_of(SimpleNamespace(unit=fact["unit"]), "") or "number"
        for name in ("value", "low", "high"):
            found |= _read(fact.get(name), spec, language)
        found |= _read(fact.get("n"), "integer", language)
        found |= _read(fact.get("p_value"), "p_value", language)
    for grid in _grids(report["parts"]):
        if "level" in grid:
            found |= numbers(language.format(100 * grid["level"], "number") + "%")
        for mark in grid.get("marks", ()):
            found |= _read(mark.get("at"), mark.get("format", "number"), language)
            found |= _read(mark.get("end"), mark.get("format", "number"), language)
        for row in grid["rows"]:
            for column, cell in zip(grid["columns"], row, strict=True):
                found |= _of_cell(cell, column.get("format", "number"), language, grid.get("kind"))
    return found


def _of_cell(cell: Any, spec: str, language: Language, kind: str | None) -> set[str]:
    if not isinstance(cell, Mapping):
        cell = {"v": cell}
    spec = cell.get("format", spec)
    found = set().union(
        *(_read(cell.get(name), spec, language) for name in ("v", "low", "high", "withheld"))
    )
    value = cell.get("v")
    if kind in ("cohort", "matrix") and spec == "percent" and isinstance(value, int | float):
        for digits in (0, 1):  # cells that are narrow drop decimals and signs
            found |= {f"{100 * value:.{digits}f}", f"{100 * value:.{digits}f}%"}
    return found


def _read(value: Any, spec: str, language: Language) -> set[str]:
    if value is None or isinstance(value, str | bool):
        return set()
    if spec == "points":  # an interval says its unit once
        return numbers(language._points(value))
    return numbers(language.format(value, spec))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _grids(parts: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for part in parts:
        if part["is"] in ("table", "chart"):
            yield part
        yield from _grids(part.get("parts", []))
