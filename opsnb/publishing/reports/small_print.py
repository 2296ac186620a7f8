"""The small print of a page in words: cycle, duration, where the numbers come from."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from opsnb.base import periods
from opsnb.base.messages import Language
from opsnb.publishing.reports.row_changes import SHOWN


def cycle_label(cycle: str, language: Language) -> str:
    """A cycle as people say it: 2026-10 is "October 2026", 2026-W44 is "week 44 of 2026".

    Days are left out: which ones a week or quarter has is the workspace's calendar's business.
    """
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", cycle):
        return periods.parse(cycle).say(language)
    if match := re.fullmatch(r"(\d{4})-W(\d\d)", cycle):
        return language.text("page.cycle.week", year=match[1], week=str(int(match[2])))
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", cycle):
        return language.text("page.cycle.quarter", year=match[1], quarter=match[2])
    if re.fullmatch(r"\d{4}", cycle):
        return language.text("page.cycle.year", year=cycle)
    return language.text("page.cycle.undated") if cycle == "undated" else cycle


def status_why(report: Mapping[str, Any], language: Language) -> str:
    """What a report's status says of its numbers; of a ready one, how its checks came out."""
    status = report["status"]
    if status != "ready":
        return language.text(f"page.status_why.{status}")
    warned = sum(check["status"] == "warn" for check in report["checks"])
    case = "unchecked" if not report["checks"] else "warned" if warned else "passed"
    return language.text(f"page.status_why.ready_{case}", n=len(report["checks"]), warned=warned)


def duration(seconds: float, language: Language) -> str:
    """42 s; 3 min 5 s."""
    if seconds < 60:
        return language.text("page.seconds", seconds=round(seconds, 1))
    minutes, rest = divmod(round(seconds), 60)
    return language.text("page.minutes", minutes=minutes, seconds=rest)


def provenance_lines(report: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    """What the footer says: label and sentence; what is not known is left out."""
    known = report["provenance"]
    lines = [
        ("run", _when(known, language)),
        ("code", _code(known, language)),
        ("parameters", _parameters(report["parameters"], language)),
        ("packages", _packages(known, language)),
        ("moved", _moved(known, language)),
    ]
    return [(language.text(f"page.source.{name}"), text) for name, text in lines if text]


def table_rows(report: Mapping[str, Any], language: Language) -> list[dict[str, str]]:
    """The tables that were read: name, rows, set aside, days covered, fingerprint."""
    return [
        {
            "name": name,
            "rows": language.format(table.get("rows"), "integer"),
            "quarantined": language.format(table.get("quarantined"), "integer"),
            "days": _days(table, language),
            "fingerprint": str(table.get("fingerprint") or "–")[:12],
        }
        for name, table in report["tables"].items()
    ]


def _when(known: Mapping[str, Any], language: Language) -> str:
    if not known.get("started"):
        return ""
    started = dt.datetime.fromisoformat(known["started"])
    text = language.text(
        "page.source.run_text", started=started, took=duration(known.get("seconds", 0), language)
    )
    return text + _offset(started)


def moment(value: dt.datetime, language: Language, zone: dt.tzinfo = dt.UTC) -> str:
    """A time of day as the reader's zone has it, and which zone that is."""
    local = value.astimezone(zone)
    return language.format(local) + _offset(local)


def _offset(value: dt.datetime) -> str:
    zone = value.strftime("%z")
    return f" (UTC{zone[:3]}:{zone[3:5]})" if zone else ""


def _code(known: Mapping[str, Any], language: Language) -> str:
    git = known.get("git") or {}
    parts = []
    if git.get("commit"):
        key = "page.source.dirty" if git.get("dirty") else "page.source.commit"
        parts.append(language.text(key, commit=str(git["commit"])[:10]))
    playbook = known.get("playbook") or {}
    if playbook.get("sha256"):
        parts.append(language.text("page.source.playbook", hash=playbook["sha256"][:12]))
    return language.text("page.separator").join(parts)


def _parameters(parameters: Mapping[str, Any], language: Language) -> str:
    shown = [f"{name} = {_value(value, language)}" for name, value in parameters.items()]
    return language.text("page.separator").join(shown)


def _value(value: Any, language: Language) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return language.format(value) if isinstance(value, bool) else str(value)


def _packages(known: Mapping[str, Any], language: Language) -> str:
    first = {name: known[name] for name in ("opsnb", "python") if isinstance(known.get(name), str)}
    versions = {**first, **(known.get("packages") or {}), **(known.get("plugins") or {})}
    return language.join([f"{name} {version}" for name, version in versions.items()])


def _moved(known: Mapping[str, Any], language: Language) -> str:
    """What is not as it was when the report's last version was made."""
    return language.text("page.separator").join(
        _move(move, language) for move in known.get("moved") or ()
    )


def _move(move: Mapping[str, Any], language: Language) -> str:
    if None in (move["before"], move["now"]):
        return language.text("page.source.moved_unknown", table=move["table"])
    key, days = "page.source.moved_rows", move["days"]
    named: list[str] = []
    if days is not None:
        many = len(days) > SHOWN
        key += "_values" if not days else "_many" if many else "_days"
        named = [
            language.text("page.source.moved_day", day=dt.date.fromisoformat(day), change=change)
            for day, change in days[-SHOWN:]
        ]
    return language.text(
        key,
        table=move["table"],
        before=move["before"],
        now=move["now"],
        named=language.join(named),
        count=len(days or ()),
        first=dt.date.fromisoformat(days[0][0]) if days else None,
    )


def _days(table: Mapping[str, Any], language: Language) -> str:
    first, last = (_date(table.get(end)) for end in ("from", "to"))
    if not (first and last):
        return "–"
    return language.text(
        "format.interval", low=language.format(first, "date"), high=language.format(last, "date")
    )


def day(value: Any, language: Language) -> str | None:
    """An ISO date as the reader writes it; None where there is none."""
    found = _date(value)
    return language.format(found, "date") if found else None


def _date(value: Any) -> dt.date | None:
    try:
        return dt.datetime.fromisoformat(str(value)).date()
    except ValueError:
        return None


def css_string(text: str) -> Markup:
    """The text as a CSS string that can neither end early nor close its style element."""
    return Markup(
        '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text) + '"'
    )


def page_counter(language: Language) -> Markup:
    """ "Page 3 of 12" as the content of a page's margin box."""
    text = language.text("pdf.page", page="\x01", pages="\x02")
    pieces = {"\x01": "counter(page)", "\x02": "counter(pages)"}
    return Markup(" ").join(
        Markup(pieces[part]) if part in pieces else css_string(part)
        for part in re.split("([\x01\x02])", text)
        if part
    )
