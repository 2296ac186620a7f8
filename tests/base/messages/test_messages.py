"""Languages: formats, intervals, nested texts, and what is said when a text cannot be."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opsnb.analysis.findings import Fact
from opsnb.base.errors import MessageError
from opsnb.base.messages import FORMATS, Language, Text, known_languages

EN, ZH = Language("en"), Language("zh")


@pytest.mark.parametrize(
    ("spec", "value", "english", "chinese"),
    [
        ("number", 12345.6, "12,346", "12,346"),
        ("number", 123.45, "123.5", "123.5"),
        ("number", 1.234, "1.23", "1.23"),
        ("number", 0.012345, "0.0123", "0.0123"),
        ("number", 7, "7", "7"),
        ("number", -0.5, "−0.500", "−0.500"),
        ("number", 0, "0", "0"),
        ("integer", 1234567, "1,234,567", "1,234,567"),
        ("integer", -0.2, "0", "0"),
        ("signed_integer", 400, "+400", "+400"),
        ("signed_integer", -1200.4, "−1,200", "−1,200"),
        ("signed_integer", 0.3, "0", "0"),
        ("percent", 0.0123, "1.23%", "1.23%"),
        ("percent", 0.123, "12.3%", "12.3%"),
        ("signed_percent", 0.0409, "+4.09%", "+4.09%"),
        ("signed_percent", -0.123, "−12.3%", "−12.3%"),
        ("points", 0.0296, "+2.96 pp", "+2.96 个百分点"),
        ("points", -0.107, "−10.7 pp", "−10.7 个百分点"),
        ("money", 999.5, "¥999.50", "¥999.50"),
        ("money", 84000, "¥84,000", "¥8.40万"),
        ("money", 1_234_567, "¥1.23m", "¥123.46万"),
        ("money", 250_000_000, "¥250.00m", "¥2.50亿"),
        ("money", 3_400_000_000, "¥3.40bn", "¥34.00亿"),
        ("money", -1_500_000, "−¥1.50m", "−¥150.00万"),
        ("signed_money", 343_613, "+¥343,613", "+¥34.36万"),
        ("signed_money", -54_019, "−¥54,019", "−¥5.40万"),
        ("exact_money", 1234567.891, "¥1,234,567.89", "¥1,234,567.89"),
        ("factor", 5.7, "5.70×", "5.70×"),
        ("p_value", 0.0004, "< 0.001", "< 0.001"),
        ("p_value", 0.0499, "0.050", "0.050"),
        ("score", 16.94, "16.9", "16.9"),
        ("date", dt.date(2026, 10, 1), "1 Oct 2026", "2026年10月1日"),
        ("short_date", dt.date(2026, 10, 1), "1 Oct", "10月1日"),
        ("month", dt.date(2026, 10, 1), "Oct 2026", "2026年10月"),
        ("long_month", dt.date(2026, 10, 1), "October 2026", "2026年10月"),
        ("time", dt.datetime(2026, 10, 1, 9, 5), "1 Oct 2026 09:05", "2026年10月1日 09:05"),
        ("text", "as it is", "as it is", "as it is"),
        ("text", True, "yes", "是"),
    ],
)
def test_formats(spec: str, value: Any, english: str, chinese: str) -> None:
    assert EN.format(value, spec) == english
    assert ZH.format(value, spec) == chinese


@pytest.mark.parametrize("value", [0.0, -0.0, -1e-12, 1e-12])
def test_nothing_has_no_sign(value: float) -> None:
    """A change that rounds to nothing is neither plus nor minus."""
    for spec in ("signed_percent", "points", "signed_money", "signed_integer"):
        said = EN.format(value, spec)
        assert not said.startswith(("+", "−")), (spec, said)
    for spec in ("money", "percent", "score", "integer"):
        assert "−" not in EN.format(value, spec)


@pytest.mark.parametrize("value", [None, math.nan, np.nan, np.float32("nan"), pd.NaT, pd.NA])
def test_what_is_missing_is_a_dash(value: Any) -> None:
    for spec in ("", *FORMATS):
        assert EN.format(value, spec) == "–", spec


def test_formats_without_a_spec_follow_the_type() -> None:
    assert EN.format(dt.date(2026, 10, 1)) == "1 Oct 2026"
    assert EN.format(dt.datetime(2026, 10, 1, 9)) == "1 Oct 2026 09:00"
    assert EN.format(False) == "no"
    assert EN.format(1234.6) == "1,235"
    assert EN.format("word") == "word"


def test_numpy_and_pandas_values() -> None:
    assert EN.format(np.float64(0.512), "percent") == "51.2%"
    assert EN.format(np.int64(1200), "integer") == "1,200"
    assert EN.format(pd.Timestamp("2026-10-01 09:00"), "date") == "1 Oct 2026"


@pytest.mark.parametrize(
    ("unit", "value", "plain", "signed"),
    [
        ("share", 0.25, "25.0%", "+25.0%"),
        ("points", 0.02, "+2.00 pp", "+2.00 pp"),
        ("relative", 0.02, "+2.00%", "+2.00%"),
        ("money", 1200, "¥1,200", "+¥1,200"),
        ("count", 1200, "1,200", "+1,200"),
        ("factor", 2, "2.00×", "2.00×"),
        ("score", 16.94, "16.9", "+16.9"),
        ("number", 1.5, "1.50", "+1.50"),
        ("p_value", 0.2, "0.200", "0.200"),
        ("text", "ship", "ship", "ship"),
    ],
)
def test_a_fact_is_written_in_its_unit(unit: Any, value: Any, plain: str, signed: str) -> None:
    fact = Fact("x", value, unit)
    assert EN.format(fact) == plain
    assert EN.format(fact, "signed") == signed


def test_an_interval_of_points_says_its_unit_as_the_language_does() -> None:
    fact = Fact("ab.diff", 0.01, "points", low=-0.0234, high=0.1172)
    assert EN.format(fact, ".interval") == "−2.34 pp to +11.7 pp"
    assert ZH.format(fact, "points.interval") == "−2.34 至 +11.7 个百分点"


def test_intervals() -> None:
    fact = Fact("x", 0.04, "relative", low=0.0178, high=0.0646)
    assert EN.format(fact, ".interval") == "+1.78% to +6.46%"
    assert ZH.format(fact, ".interval") == "+1.78% 至 +6.46%"
    assert EN.format(fact, "percent.interval") == "1.78% to 6.46%"
    money = Fact("x", 1, "money", low=-54_019, high=108_679)
    assert EN.format(money, "signed.interval") == "−¥54,019 to +¥108,679"


@pytest.mark.parametrize(
    ("low", "high", "english"),
    [
        (0.02, None, "at least +2.00%"),
        (0.02, math.inf, "at least +2.00%"),
        (None, 0.02, "at most +2.00%"),
        (-math.inf, 0.02, "at most +2.00%"),
        (None, None, "–"),
        (-math.inf, math.inf, "–"),
        (math.nan, math.nan, "–"),
    ],
)
def test_open_intervals(low: float | None, high: float | None, english: str) -> None:
    assert EN.format(Fact("x", 0.1, "relative", low=low, high=high), ".interval") == english


def test_texts_within_texts() -> None:
    inner = Text.of("common.p", p=0.2)
    outer = Text.of("common.list", items=[inner, Text("common.none"), "word"])
    assert EN.say(outer) == "p 0.200, none, word"
    assert ZH.say(outer) == "p 0.200、无、word"
    assert EN.say({"en": "Name", "zh": "名称"}) == "Name"
    assert ZH.say({"en": "Name", "zh": "名称"}) == "名称"
    assert ZH.say({"en": "Name"}) == "Name"
    assert ZH.say({"fr": "Nom"}) == "Nom"


def test_currencies() -> None:
    assert Language("en", "USD").money(1200) == "$1,200"
    assert Language("zh", "USD").money(1200) == "US$1,200"
    assert Language("en", "CHF").money(1200) == "CHF 1,200"
    assert Language("en", "CHF").signed_money(-1200) == "−CHF 1,200"


def test_a_workspace_s_own_words(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[ab.word]\nship = "GO"\n', encoding="utf-8")
    own = Language("en", extra=tmp_path)
    assert own.text("ab.word.ship") == "GO"
    assert own.text("ab.word.hold") == EN.text("ab.word.hold")
    assert Language("zh", extra=tmp_path).text("ab.word.ship") == ZH.text("ab.word.ship")


def test_own_words_that_are_no_toml(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text("[ab\n", encoding="utf-8")
    with pytest.raises(MessageError, match=r"en.toml: cannot read the language file.*UTF-8"):
        Language("en", extra=tmp_path)


def test_languages() -> None:
    assert known_languages()[0] == "en" and "zh" in known_languages()
    assert (EN.html_code, ZH.html_code) == ("en", "zh-CN")
    with pytest.raises(MessageError, match=r'unknown language "cn".*known languages: en, zh'):
        Language("cn")


def test_unknown_key() -> None:
    with pytest.raises(MessageError, match=r'en.toml: no text "ab.word.shp".*"ab.word.ship"'):
        EN.say(Text("ab.word.shp"))


def test_missing_placeholder() -> None:
    with pytest.raises(MessageError, match=r'the text needs "p", which was not passed.*: q\.'):
        EN.text("common.p", q=1)


def test_unknown_format() -> None:
    with pytest.raises(MessageError, match=r'unknown format "percnt".*"percent"'):
        EN.format(1.0, "percnt")


@pytest.mark.parametrize("text", ["{fact.__class__}", "{fact.value}", "{fact[0]}", "{0}"])
def test_a_text_cannot_reach_into_objects(tmp_path: Path, text: str) -> None:
    (tmp_path / "en.toml").write_text(f'[ab.word]\nship = "{text}"\n', encoding="utf-8")
    with pytest.raises(MessageError, match="which was not passed"):
        Language("en", extra=tmp_path).text("ab.word.ship", fact=Fact("x", 1))


def test_arguments_are_not_read_as_texts() -> None:
    """Braces in a value from the data stay braces."""
    assert EN.say(Text.of("common.list", items=["{p}", "{x.__class__}"])) == "{p}, {x.__class__}"


def test_a_name_that_begins_with_a_number_stands_apart_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "zh.toml").write_text('x = "说明{name}的原因，截至{day:date}"', encoding="utf-8")
    said = Language("zh", extra=tmp_path).text(
        "x", name={"en": "D7 retention", "zh": "7 日留存率"}, day=dt.date(2026, 10, 31)
    )
    assert said == "说明 7 日留存率的原因，截至2026年10月31日"
