"""What complaints are about: themes of comments, each with a masked quote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from opsnb.analysis.display import Absent, Column, Note, Part, Table
from opsnb.analysis.methods.proportions import newcombe
from opsnb.analysis.methods.topics import Topic, topics
from opsnb.analysis.reviews.period.voice.masking import masked
from opsnb.analysis.reviews.period.voice.tokens import Script, script_of, words_of
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

MIN_COMMENTS = 40
"""A script with fewer complaints gets no themes."""

A_THEME = 40
MOST_THEMES = 8
SMALL = 5
"""Themes with fewer complaints in the period are not shown: a quote could name its author."""

MOST_ROWS = 20_000
LONGEST_QUOTE = 90

UNHAPPY = {"nps": 6, "csat": 3}
"""Highest score that counts as a complaint."""


@dataclass(frozen=True)
class Complaint:
    """A comment of an unhappy customer; `now` tells this period from the one before."""

    text: str
    now: bool


def comment_themes(evidence: PeriodEvidence) -> list[Part]:
    """Themes of unhappy comments in surveys and tickets, in each script that has enough."""
    complaints = _complaints(evidence)
    if not complaints:
        return [Absent(Text("month.voice.no_comments"))]
    parts: list[Part] = []
    withheld = False
    scripts: tuple[Script, ...] = ("zh", "en")
    for script in scripts:
        own = [one for one in complaints if script_of(one.text) == script]
        found = _topics(own, script)
        shown = _themes(evidence, found, own, script)
        withheld |= bool(found) and not shown
        parts += shown
    if parts:
        return [*parts, Note(Text.of("month.voice.themes_note", small=_small(evidence)))]
    reason = "small_themes" if withheld else "few_comments"
    return [Absent(Text.of(f"month.voice.{reason}", n=len(complaints), small=_small(evidence)))]


def _small(evidence: PeriodEvidence) -> int:
    return max(SMALL, evidence.ops.workspace.min_cell)


def _complaints(evidence: PeriodEvidence) -> list[Complaint]:
    """Comments of both periods, the newest first, a text once.

    Of this period alone, where too few days of either are on record to compare them.
    """
    ops, before = evidence.ops, evidence.period.previous()
    found: list[Any] = []
    read = {
        table: day
        for table, day in (("surveys", "response_date"), ("tickets", "opened_date"))
        if not evidence.lacks(table) and "comment" in ops.rows.table(table).expr.columns
    }
    compared = all(evidence.table_holds(table, before, evidence.period) for table in read)
    first = before.start if compared else evidence.period.start
    for table, day in read.items():
        rows = ops.rows.expr(table)
        rows = rows.filter(
            rows.comment.notnull()
            & rows[day].between(ibis.literal(first), ibis.literal(evidence.period.end))
        )
        if table == "surveys":
            rows = rows.filter(
                ibis.or_(*((rows.kind == k) & (rows.score <= s) for k, s in UNHAPPY.items()))
            )
        frame = rows.select("comment", _day=rows[day]).order_by(ibis.desc("_day"), "comment")
        found += frame.limit(MOST_ROWS).execute().to_dict("records")
    return [
        Complaint(str(row["comment"]), evidence.period.contains(row["_day"]))
        for row in found
        if str(row["comment"]).strip()
    ]


def _topics(own: Sequence[Complaint], script: Script) -> list[Topic]:
    if len(own) < MIN_COMMENTS:
        return []
    k = int(np.clip(len(own) // A_THEME, 2, MOST_THEMES))
    try:
        return topics([words_of(one.text, script) for one in own], k)
    except MethodError:  # nothing but fillers
        return []


def _themes(
    evidence: PeriodEvidence, found: Sequence[Topic], own: Sequence[Complaint], script: Script
) -> list[Part]:
    now = sum(one.now for one in own)
    then = len(own) - now
    rows = [row for topic in found if (row := _row(evidence, topic, own, now, then, script))]
    if not rows:
        return []
    rows.sort(key=lambda row: -row["n"])
    columns = [
        Column("terms", Text("month.voice.theme"), "said"),
        Column("n", Text("month.voice.comments"), "integer"),
        Column("share", Text("month.voice.share"), "percent"),
        Column("change", Text("month.voice.theme_change"), "said", "right"),
        Column("quote", Text("month.voice.quote"), "said"),
    ]
    caption = Text.of(f"month.voice.caption_{script}", n=now)
    return [Table(columns, rows, caption=caption, stacked=True)]


def _row(
    evidence: PeriodEvidence,
    topic: Topic,
    own: Sequence[Complaint],
    now: int,
    then: int,
    script: Script,
) -> dict[str, Any] | None:
    """A theme's row; None for one too small to show."""
    members = [own[i] for i in topic.members]
    count = sum(one.now for one in members)
    if count < _small(evidence):
        return None
    terms = ("、" if script == "zh" else ", ").join(topic.terms)
    share = count / now
    fact = evidence.ops.fact("voice.theme", share, "share", segment=terms, n=count)
    change: Text | None = None
    if then:
        gap = newcombe(len(members) - count, then, count, now)
        change = Text("month.change_noise")
        if gap.significant:
            change = Text.of("month.change_points", value=gap.value)
            moved = evidence.ops.fact(
                "voice.theme_change", gap.value, "points", low=gap.low, high=gap.high,
                segment=terms, n=count, method="newcombe",
            )  # fmt: skip
            if gap.low > 0:
                evidence.ops.finding(
                    Text.of("month.voice.finding_theme", terms=terms, share=share, change=moved),
                    fact, moved, tone="warn", section="voice",
                )  # fmt: skip
    quote = next(masked(one.text) for one in members if one.now)
    return {
        "terms": terms, "n": count, "share": share, "change": change, "quote": _short(quote),
    }  # fmt: skip


def _short(quote: str) -> str:
    return quote if len(quote) <= LONGEST_QUOTE else f"{quote[:LONGEST_QUOTE]}…"
