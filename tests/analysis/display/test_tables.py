"""Tables: formats, alignment, tones, intervals, and what is refused."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from opsnb.analysis.display import Column, Interval, Spark, Table, Toned, Withheld
from opsnb.analysis.findings.records import Fact
from opsnb.base.errors import MessageError
from opsnb.base.messages import Language, Text

EN, ZH = Language("en"), Language("zh")


def one_cell(value: object, format: str, language: Language = EN) -> str:
    table = Table([Column("k", "K", format)], [{"k": value}])
    return table.plain(language).splitlines()[1].strip()


@pytest.mark.parametrize(
    ("value", "format", "en", "zh"),
    [
        (1_234_567, "money", "¥1.23m", "¥123.46万"),
        (0.0123, "points", "+1.23 pp", "+1.23 个百分点"),
        (Fact("a", 0.5, "share"), "percent", "50.0%", "50.0%"),
        (Fact("a", 0.5, "share"), "said", "50.0%", "50.0%"),
        (Fact("a", 0.5, "share", 0.4, 0.6), "percent.interval", "40.0% to 60.0%", "40.0% 至 60.0%"),
        (Interval(0.4, None), "percent", "at least 40.0%", "至少 40.0%"),
        (dt.date(2026, 10, 8), "date", "8 Oct 2026", "2026年10月8日"),
        (Text("display.pass"), "said", "PASS", "通过"),
        ({"en": "yes", "zh": "是的"}, "text", "yes", "是的"),
        (True, "text", "yes", "是"),
        (None, "money", "–", "–"),
        (float("nan"), "percent", "–", "–"),
    ],
)
def test_cell_in_each_language(value: object, format: str, en: str, zh: str) -> None:
    assert one_cell(value, format) == en
    assert one_cell(value, format, ZH) == zh


def test_numbers_are_right_aligned_and_rows_have_heads() -> None:
    html = Table(
        [Column("name", "Name"), Column("n", "N", "integer")], [{"name": "a", "n": 1}]
    ).html(EN)
    assert '<th scope="row" class="ob-word">a</th><td class="ob-num">1</td>' in html
    assert '<th scope="col" class="ob-num">N</th>' in html


def test_a_message_heads_its_column_like_a_sentence_and_a_name_of_the_data_as_it_is() -> None:
    columns = [Column("a", Text("dimension.channel")), Column("b", "control"), Column("c", "p")]
    html = Table(columns, [{"a": "x", "b": "y", "c": "z"}]).html(EN)
    assert [head in html for head in (">Channel<", ">control<", ">p<")] == [True] * 3


def test_long_words_may_wrap_on_a_phone_and_short_ones_may_not() -> None:
    html = Table([Column("a", "A")], [{"a": "人均订单数"}, {"a": "新用户引导弹窗改版"}]).html(ZH)
    assert '<th scope="row" class="ob-word">人均订单数</th>' in html
    assert '<th scope="row" class="ob-text">新用户引导弹窗改版</th>' in html


def test_only_a_run_too_long_for_a_column_may_be_cut_within() -> None:
    cells = {"a": "The duvet sold out meanwhile.", "b": "x" * 21}
    html = Table([Column("a", "A"), Column("b", "B")], [cells]).html(EN)
    assert f'<th scope="row" class="ob-text">{cells["a"]}</th><td>{cells["b"]}</td>' in html


def test_stacked_rows_carry_their_heads() -> None:
    html = Table([Column("a", "A"), Column("n", "N", "integer")], [{"a": "x", "n": 1}],
                 stacked=True).html(EN)  # fmt: skip
    assert 'class="ob-stack ob-table"' in html
    assert '<th scope="row" data-label="A" class="ob-word">x</th>' in html
    assert '<td data-label="N" class="ob-num">1</td>' in html


def test_a_tone_never_stands_without_its_word() -> None:
    table = Table([Column("v", "V", "percent")], [{"v": Toned(0.5, "bad", "loss")}])
    html = table.html(EN)
    assert "ob-bad" in html and "■</span> loss</span>" in html
    assert "50.0% ■ loss" in table.plain(EN)


def test_cells_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    table = Table(
        [Column("a", evil), Column("b", "B", "percent")],
        [{"a": evil, "b": Toned(0.1, "good", evil)}, {"a": {"en": evil, "zh": evil}, "b": evil}],
        caption=evil,
        order=evil,
        note=evil,
    )
    assert "<script" not in table.html(EN)
    assert table.html(EN).count("&lt;script&gt;") == 8


def test_order_note_and_caption_are_said() -> None:
    table = Table([Column("a", "A")], [{"a": "x"}], caption="What", order="size", note="Remark")
    assert table.plain(EN).splitlines() == ["What", "A", "x", "Sorted by size.", "Remark"]
    assert "排序：size。" in table.plain(ZH)


def test_plain_columns_align_for_chinese() -> None:
    table = Table(
        [Column("a", "渠道"), Column("n", "N", "integer")],
        [{"a": "应用推送", "n": 1}, {"a": "ab", "n": 23}],
    )
    assert table.plain(ZH).splitlines() == ["渠道       N", "应用推送   1", "ab        23"]


def test_no_rows_are_said() -> None:
    table = Table([Column("a", "A"), Column("b", "B")], [])
    assert 'colspan="2">No rows.' in table.html(EN)
    assert table.plain(ZH).endswith("暂无数据。")


def test_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(MessageError, match=r'unknown format "percnt".*"percent"'):
        Column("a", "A", "percnt")


def test_a_column_that_no_row_has_is_refused() -> None:
    with pytest.raises(MessageError, match=r'no row has a cell "chanel".*"channel"'):
        Table([Column("chanel", "Channel")], [{"channel": "x"}])


def test_a_spark_is_a_line_with_a_dot_at_its_end() -> None:
    spark = Spark([1.0, None, 2.0, 3.0], "Orders <b>")
    html = spark.html(EN)
    assert html.count("<polyline") == 1  # the first value stands alone, before a gap
    assert 'aria-label="Orders &lt;b&gt;"' in html
    circle = re.search(r'<circle cx="([\d.]+)" cy="([\d.]+)"', html)
    assert circle is not None and (circle[1], circle[2]) == ("81.0", "3.0")  # last and highest
    assert spark.plain() == "▁ ▅█"
    row = Table([Column("a", "A")], [{"a": spark}]).html(EN)
    assert "<svg" in row and "&lt;svg" not in row


def test_sparks_without_change_or_value() -> None:
    assert 'cy="9.0"' in Spark([5.0, 5.0], "x").html(EN)  # in the middle, not at the bottom
    assert Spark([None, None], "x").html(EN) == Spark([], "x").plain() == "–"
    assert "<polyline" not in Spark([None, 4.0], "x").html(EN)


def test_a_withheld_cell_is_a_word_and_a_note_says_why() -> None:
    columns = [Column("name", "Channel"), Column("n", "Users", "integer")]
    rows = [
        {"name": "fair", "n": Withheld(10), "hidden": Withheld(10)},
        {"name": "search", "n": 90},
    ]
    table = Table(columns, rows, note="Counted.")
    for code, word, why in (
        ("en", "withheld", "Withheld in 1 of 2 rows: counts of fewer than 10 people"),
        ("zh", "已隐去", "2 行中有 1 行已隐去：不足 10 人"),
    ):
        html = table.html(Language(code))
        assert f'<td class="ob-num ob-withheld">{word}</td>' in html
        assert html.count("ob-note") == 2 and why in html
        assert word in table.plain(Language(code))
    assert "ob-withheld" not in Table(columns[:1], rows).html(Language("en"))
    assert "10 people" not in Table(columns[:1], rows).html(Language("en"))
