"""Two reports side by side: fact by fact, and what their results rest on."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from opsnb.base.errors import PublishError
from opsnb.base.messages import Language
from opsnb.base.unsafe_text import visible
from opsnb.publishing.reports import small_print
from opsnb.publishing.reports.fonts import embedded, font_rules, page_characters
from opsnb.publishing.reports.html import FONTS
from opsnb.publishing.reports.templates import environment
from opsnb.publishing.site.kpi_history import as_fact

Fact = Mapping[str, Any]
Report = Mapping[str, Any]

_EXACT = 1e-12
"""Relative difference below which two numbers are one: the last digits of a sum may wander."""


@dataclass(frozen=True)
class Change:
    """A fact that both reports hold, with different values or bounds."""

    before: Fact
    after: Fact

    @property
    def key(self) -> str:
        key: str = self.after["key"]
        return key

    @property
    def difference(self) -> float | None:
        """After less before, of numbers in one unit."""
        values = (self.before["value"], self.after["value"])
        if self.before["unit"] != self.after["unit"] or not all(map(_is_number, values)):
            return None
        difference: float = values[1] - values[0]
        return difference

    @property
    def overlap(self) -> bool | None:
        """Whether the intervals share a value; None where one of the two has none."""
        if not (_has_interval(self.before) and _has_interval(self.after)):
            return None
        (low0, high0), (low1, high1) = _bounds(self.before), _bounds(self.after)
        return low0 <= high1 and low1 <= high0

    def as_dict(self) -> dict[str, Any]:
        sides = {
            name: {part: fact.get(part) for part in ("value", "low", "high", "unit")}
            for name, fact in (("before", self.before), ("after", self.after))
        }
        return {
            "key": self.key,
            **sides,
            "difference": self.difference,
            "intervals_overlap": self.overlap,
        }


@dataclass(frozen=True)
class Basis:
    """Something that results rest on, before and after; `kind` is a text of `[diff]`."""

    kind: str
    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Comparison:
    """What differs between two reports.

    Attributes
    ----------
    changed : tuple of Change
        Facts of both whose values or bounds differ, in the later report's order.
    same : int
        Facts of both that are equal.
    new, gone : tuple of dict
        Facts that only the later or only the earlier report holds.
    basis : tuple of Basis
        Status, verdict, parameters, data, code, definitions, where they differ.
    """

    before: Report
    after: Report
    changed: tuple[Change, ...]
    same: int
    new: tuple[Fact, ...]
    gone: tuple[Fact, ...]
    basis: tuple[Basis, ...]

    @property
    def warned(self) -> bool:
        """One of them holds numbers that must not be used."""
        return bool({"invalid", "failed"} & {self.before["status"], self.after["status"]})

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON holds it; numbers unrounded."""
        named = ("playbook", "subject", "cycle", "status")
        return {
            "before": {name: self.before[name] for name in named},
            "after": {name: self.after[name] for name in named},
            "basis": [vars(item) for item in self.basis],
            "changed": [change.as_dict() for change in self.changed],
            "new": list(self.new),
            "gone": list(self.gone),
            "same": self.same,
        }


def compare(before: Report, after: Report) -> Comparison:
    """What differs between two report.json of one playbook.

    Raises
    ------
    PublishError
        They come from different playbooks, which share no results.
    """
    if before["playbook"] != after["playbook"]:
        raise PublishError(
            f'one report is of "{before["playbook"]}", the other of "{after["playbook"]}"',
            where="diff",
            hint="compare two reports of one playbook",
        )
    first = {fact["key"]: fact for fact in before["facts"]}
    second = {fact["key"]: fact for fact in after["facts"]}
    both = [Change(first[key], fact) for key, fact in second.items() if key in first]
    changed = tuple(change for change in both if _differs(change))
    return Comparison(
        before=before,
        after=after,
        changed=changed,
        same=len(both) - len(changed),
        new=tuple(fact for key, fact in second.items() if key not in first),
        gone=tuple(fact for key, fact in first.items() if key not in second),
        basis=tuple(item for item in _basis(before, after, both) if item.before != item.after),
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_interval(fact: Fact) -> bool:
    return fact.get("low") is not None or fact.get("high") is not None


def _bounds(fact: Fact) -> tuple[float, float]:
    """The interval; a side that is not given is open."""
    low, high = fact.get("low"), fact.get("high")
    return (-math.inf if low is None else low, math.inf if high is None else high)


def _differs(change: Change) -> bool:
    return not all(
        _equal(change.before.get(part), change.after.get(part)) for part in ("value", "low", "high")
    )


def _equal(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=_EXACT, abs_tol=_EXACT)
    return bool(one == other)


def _basis(before: Report, after: Report, both: list[Change]) -> Iterator[Basis]:
    yield Basis("status", "", before["status"], after["status"])
    yield Basis("verdict", "", _verdict(before), _verdict(after))
    for name, *pair in _paired(before["parameters"], after["parameters"]):
        yield Basis("parameter", name, *pair)
    for name, *tables in _paired(before["tables"], after["tables"]):
        yield Basis("table", name, *map(_data, tables))
    for change in both:
        for part in ("method", "unit"):
            yield Basis(part, change.key, change.before.get(part), change.after.get(part))
    known, now = before["provenance"], after["provenance"]
    yield Basis("playbook", "", *((p.get("playbook") or {}).get("sha256") for p in (known, now)))
    yield Basis("code", "", *((p.get("git") or {}).get("commit") for p in (known, now)))
    for part in ("packages", "plugins"):
        for name, *pair in _paired(known.get(part) or {}, now.get(part) or {}):
            yield Basis("package", name, *pair)


def _paired(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in {**before, **after}:
        yield name, before.get(name), after.get(name)


def _verdict(report: Report) -> str | None:
    return report["verdict"]["word"] if report["verdict"] else None


def _data(table: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {name: table.get(name) for name in ("rows", "fingerprint")} if table else None


# -- in words ----------------------------------------------------------------------------


def fact_rows(comparison: Comparison, language: Language) -> list[list[str]]:
    """Key, before, after, difference and intervals of each fact that changed."""
    return [
        [
            change.key,
            value_text(change.before, language),
            value_text(change.after, language),
            _difference(change, language),
            ""
            if change.overlap is None
            else language.text("diff.overlap" if change.overlap else "diff.apart"),
        ]
        for change in comparison.changed
    ]


def basis_rows(comparison: Comparison, language: Language) -> list[list[str]]:
    """What, before and after of each thing that the results rest on."""
    return [
        [
            language.text(f"diff.{item.kind}", name=item.name),
            _basis_text(item, item.before, language),
            _basis_text(item, item.after, language),
        ]
        for item in comparison.basis
    ]


def value_text(fact: Fact, language: Language) -> str:
    """A fact's value as people write it, its interval behind."""
    shown = as_fact(fact)
    text = language.format(shown)
    if not _has_interval(fact):
        return text
    return f"{text} ({language.format(shown, '.interval')})"


def _difference(change: Change, language: Language) -> str:
    if change.difference is None:
        return ""
    unit = change.after["unit"]
    shown = SimpleNamespace(value=change.difference, unit=unit)
    return language.format(shown, "points" if unit in ("share", "relative", "points") else "signed")


def _basis_text(item: Basis, value: Any, language: Language) -> str:
    if value is None or value == "":
        return "–"
    if item.kind == "status":
        return language.text(f"page.status.{value}")
    if item.kind == "table":
        shown = str(value["fingerprint"] or "–")[:12]
        return language.text("diff.rows", rows=value["rows"], fingerprint=shown)
    return str(value)[:12] if item.kind in ("code", "playbook") else str(value)


def title(report: Report, language: Language) -> str:
    """A report in a few words: its title, subject and cycle."""
    parts = (
        report["title"],
        report["subject_label"],
        small_print.cycle_label(report["cycle"], language),
    )
    return language.text("page.separator").join(filter(None, parts))


def titles(comparison: Comparison, language: Language) -> list[str]:
    """Both reports in a few words; two versions of one report are told apart by their runs."""
    reports = (comparison.before, comparison.after)
    named = [title(report, language) for report in reports]
    if named[0] != named[1]:
        return named
    starts = [report["provenance"].get("started") for report in reports]
    return [
        language.text("page.separator").join(
            filter(
                None,
                [name, small_print.moment(dt.datetime.fromisoformat(at), language) if at else ""],
            )
        )
        for name, at in zip(named, starts, strict=True)
    ]


def diff_page(comparison: Comparison, language: Language) -> str:
    """The comparison as one HTML page that loads nothing."""
    template = environment().get_template("diff.html.j2")
    page = visible(
        template.render(
            language=language,
            comparison=comparison,
            titles=titles(comparison, language),
            facts=fact_rows(comparison, language),
            basis=basis_rows(comparison, language),
            new=[(fact["key"], value_text(fact, language)) for fact in comparison.new],
            gone=[(fact["key"], value_text(fact, language)) for fact in comparison.gone],
        )
    )
    chinese = language.html_code.startswith("zh")
    return page.replace(FONTS, font_rules(page_characters(page), embedded, chinese=chinese), 1)
