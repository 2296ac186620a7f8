"""Parts as HTML and as plain text."""

from __future__ import annotations

import datetime as dt

import pytest

from opsnb.analysis.display import (
    Absent,
    Actions,
    Cards,
    Chart,
    Checks,
    Decisions,
    Findings,
    Fold,
    Note,
    Paragraph,
    Part,
    VerdictBox,
)
from opsnb.analysis.findings.records import Action, Card, Check, Decision, Fact, Finding, Verdict
from opsnb.base.messages import Language

EN, ZH = Language("en"), Language("zh")
EVIL = '<script>alert("1")</script>'
FACT = Fact("ab.lift", 0.04, unit="relative")

EVIL_PARTS: list[Part] = [
    Paragraph(EVIL),
    Paragraph(EVIL, "bad"),
    Note(EVIL),
    Absent(EVIL),
    VerdictBox(Verdict(EVIL, EVIL, "A", "good", EVIL)),
    Cards(
        [Card(EVIL, EVIL, FACT, target=EVIL, change=EVIL, interval=EVIL, tone="warn", status=EVIL)]
    ),
    Checks([Check("srm", "block", EVIL)]),
    Findings([Finding(EVIL, (FACT,), grade="B", tone="bad", section='"><script>')]),
    Decisions([Decision(EVIL, EVIL, EVIL, dt.date(2026, 10, 1))]),
    Actions([Action(EVIL, EVIL, dt.date(2026, 10, 1), "open")]),
    Fold(EVIL, [Paragraph(EVIL)]),
    Chart(claim=EVIL, draw=lambda figure, _: figure.text(0.5, 0.5, EVIL), alt=EVIL, source=EVIL),
]


@pytest.mark.parametrize("part", EVIL_PARTS, ids=lambda part: type(part).__name__)
def test_script_in_any_text_is_inert(part: Part) -> None:
    html = part.html(EN)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert EVIL in part.plain(EN)


def test_checks_come_worst_first_with_word_and_shape() -> None:
    checks = Checks(
        [Check("a", "pass", "fine"), Check("b", "block", "broken"), Check("c", "warn", "late")]
    )
    assert checks.plain(EN).splitlines() == ["■ BLOCK broken", "◆ WARN late", "✓ PASS fine"]
    assert checks.plain(ZH).splitlines()[0] == "■ 阻断 broken"
    html = checks.html(EN)
    assert html.index('class="ob-block"') < html.index('class="ob-warn"') < html.index("ob-pass")


def test_verdict_says_word_grade_sentence_and_rule() -> None:
    box = VerdictBox(Verdict("SHIP", "It rose.", "A", "good", "The rule."))
    assert box.plain(EN) == "✓ SHIP (Evidence A)\nIt rose.\nThe rule."
    assert 'title="Evidence grade A: randomised experiment"' in box.html(EN)
    assert "证据等级 A" in box.html(ZH)
    assert "ob-rule" not in VerdictBox(Verdict("SHIP", "It rose.", "A", "good")).html(EN)


def test_card_lines_stand_only_where_given() -> None:
    texts = {"target": "10", "change": "+2", "interval": "1 to 3", "status": "on target"}
    full = Cards([Card("Orders", "12", FACT, tone="good", **texts)])
    assert full.plain(EN) == ("Orders: 12  ✓ on target  +2  Interval: 1 to 3  Target: 10")
    bare = Cards([Card("Orders", "12", FACT)]).html(EN)
    assert "ob-status" not in bare and "ob-meta" not in bare
    assert 'class="ob-card ob-neutral"' in bare


def test_finding_links_to_its_section_only_when_it_has_one() -> None:
    linked = Findings([Finding("Rose.", (FACT,), "A", "good", section="effect")]).html(EN)
    assert '<a href="#effect">evidence</a>' in linked
    assert "<a " not in Findings([Finding("Rose.", (FACT,))]).html(EN)


def test_decisions_and_actions_write_dates_and_gaps_in_the_language() -> None:
    decisions = Decisions([Decision("Ship?", "Li Na", None, dt.date(2026, 10, 8))])
    assert decisions.plain(EN) == "Ship? | – | Li Na | 8 Oct 2026"
    assert decisions.plain(ZH) == "Ship? | – | Li Na | 2026年10月8日"
    actions = Actions([Action("Fix it", "Wang", None, "late")])
    assert actions.plain(ZH) == "Fix it | Wang | – | 已逾期"
    # The cells of a stacked row on a phone carry their heads.
    assert 'data-label="Owner"' in actions.html(EN)


def test_fold_holds_its_parts() -> None:
    html = Fold("How", [Paragraph("One"), Paragraph("Two", "warn")]).html(EN)
    assert html.startswith('<details class="ob-fold"><summary>How</summary>')
    assert "<p>One</p>" in html and "◆" in html
