"""What is written can be read, whatever names the other tool allows."""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsnb.analysis.definitions.carried import MetricDraft, PlanDraft, slug
from opsnb.analysis.definitions.toml_text import lines_text, metric_text, plan_text

names = st.text(min_size=1).filter(lambda text: text.strip() != "")
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(label=texts, value=texts)
def test_metrics_come_back_as_they_were(label: str, value: str) -> None:
    fields = {"label": label, "value": value, "quantile": 0.9, "day": 7}
    draft = MetricDraft("made", "made", fields, note=label)
    assert tomllib.loads(metric_text(draft)) == {"made": fields}


@given(name=texts, arms=st.lists(texts, min_size=2, max_size=3, unique=True), note=texts)
def test_plans_come_back_as_they_were(name: str, arms: list[str], note: str) -> None:
    fields: dict[str, Any] = {
        "name": name,
        "start": dt.date(2026, 10, 1),
        "split": dict.fromkeys(arms, 0.5),
        "primary": {"metric": name},
        "secondary": [{"metric": "a"}, {"metric": "b"}],
    }
    assert tomllib.loads(plan_text(PlanDraft("x", "x", fields, {}, (note,)), name)) == fields


@given(sql=texts)
def test_queries_come_back_as_they_were(sql: str) -> None:
    read = tomllib.loads(f"sql = {lines_text(sql)}")["sql"]
    assert read.split() == sql.split()


@given(text=texts)
def test_ids_are_bare_keys(text: str) -> None:
    made = slug(text)
    assert made == "" or tomllib.loads(f"[{made}]") == {made: {}}
    assert slug(made) == made
