"""Texts of the contract: mended where they need it, taken as they are where none does."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsnb.analysis.tables import open_table
from opsnb.base.messages import Language
from opsnb.base.workspace import WORDS_FOR_NOTHING, Workspace

Make = Callable[..., Workspace]

TEXTS = st.one_of(
    st.sampled_from([*WORDS_FOR_NOTHING, "", " ", "\t", "a b", "NULLA", "10.10", "u 1"]),
    st.text(st.sampled_from("aZ1.-无 "), min_size=1, max_size=8),
    st.tuples(
        st.sampled_from(["", " ", "\t", "\n"]), st.text("u12", min_size=1), st.sampled_from(" \r\n")
    ).map("".join),
)


def events(ids: list[str], **more: object) -> pd.DataFrame:
    stamps = pd.date_range("2026-10-01 09:00", periods=len(ids), freq="1h")
    frame = pd.DataFrame({"user_id": ids, "event_at": stamps, "event": "visit"})
    return frame.assign(**more)


def meant(text: str) -> str | None:
    bare = text.strip(" \t\n\r")
    return None if bare == "" or bare in WORDS_FOR_NOTHING else bare


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TEXTS, min_size=1, max_size=12))
def test_every_id_is_what_it_means(workspace: Make, ids: list[str]) -> None:
    table = open_table(workspace({"events": events(ids)}), "events")
    rows = table.expr.order_by("event_at").to_pyarrow()["user_id"].to_pylist()
    assert rows == [meant(one) for one in ids]


@pytest.mark.parametrize(
    ("ids", "tidy"), [(["u-0001", "u-0002"], True), (["u-0001 ", "u-0002"], False),
                      (["u-0001", "NULL"], False), (["u-0001", ""], False), (["a", "b"], True)]
)  # fmt: skip
def test_the_gate_tells_what_needs_no_mending(workspace: Make, ids: list[str], tidy: bool) -> None:
    report = open_table(workspace({"events": events(ids)}), "events").report
    assert ("user_id" in report.tidy) is tidy and "event" in report.tidy


def test_blanks_around_ids_are_taken_away_and_said(workspace: Make) -> None:
    ids = [f"u{i:05}" + " " * (i % 2) for i in range(40)]
    report = open_table(workspace({"events": events(ids, campaign_id="c1 ")}), "events").report
    found = {one.column: one for one in report.issues if one.rule == "trimmed_ids"}
    assert {name: (one.count, one.level) for name, one in found.items()} == {
        "user_id": (20, "note"), "campaign_id": (40, "note"),
    }  # fmt: skip
    said = [Language(code).say(found["user_id"].message) for code in ("en", "zh")]
    assert "50.0%" in said[0] and "50.0%" in said[1] and "{" not in "".join(said)


def test_words_and_empty_texts_are_not_called_trimmed(workspace: Make) -> None:
    report = open_table(workspace({"events": events(["u1", "NULL", "", "-"])}), "events").report
    assert not [one for one in report.issues if one.rule == "trimmed_ids"]
    assert {one.rule: one.count for one in report.issues}["null_words"] == 2
