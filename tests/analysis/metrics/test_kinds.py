"""Kinds of metrics: what they say of themselves, and that nobody asks what they are called."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pytest

from opsnb.analysis.metrics import load_catalogue
from opsnb.analysis.metrics.metric import KINDS, Kind, Metric, UserRows, names_of_kinds, register
from opsnb.analysis.metrics.user_panel import require_readable
from opsnb.base.errors import MetricError
from opsnb.base.periods import parse

ROOT = Path(__file__).parents[3] / "opsnb"
MODULES = sorted(ROOT.rglob("*.py"))


def made(kind: str, **fields: Any) -> Metric:
    every = {
        "table": "orders", "value": "amount", "day": 7, "quantile": 0.5,
        "numerator": "gmv_net", "denominator": "orders",
    }  # fmt: skip
    needed = {name: every[name] for name in KINDS[kind].fields}
    return load_catalogue({"mine": {"label": "Mine", "kind": kind, "unit": "number", **needed}})[
        "mine"
    ].model_copy(update=fields)


def names(kind_is: str) -> set[str]:
    return {name for name, kind in KINDS.items() if getattr(kind, kind_is)}


def test_what_the_kinds_say_of_themselves() -> None:
    assert names("is_additive") == {"sum", "count", "distinct"}
    assert names("over_days") == {"sum", "count", "distinct", "daily_distinct"}
    assert names("is_daily") == names("over_days") | {"ratio", "quantile", "quotient"}
    assert names("is_rate") == {"ratio", "proportion", "retention", "quotient"}
    assert names("is_yes_or_no") == {"proportion", "retention", "churn"}
    assert names("is_distinct") == {"distinct", "daily_distinct", "trailing"}
    assert names("is_user_mean") == {"sum", "count", "distinct", "mean", "proportion"}
    assert names("is_ratio") == {"ratio", "quotient"}
    assert names("comparison") == names("has_moments") | {"quantile"}
    assert names("comparison") == names("is_user_mean") | {"ratio", "quotient", "quantile"}
    assert names("can_be_capped") == {"sum", "mean"}
    assert names("divided") == {"ratio"}
    assert names("follows_ends") == {"churn"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_declared_and_described(kind: str) -> None:
    """Its fields are enough, each of them is needed, and docs/data.md has words for it."""
    assert made(kind).kind is KINDS[kind]
    assert KINDS[kind].__doc__ and KINDS[kind].in_experiment
    assert (KINDS[kind].comparison is None) == (KINDS[kind].in_experiment == "not allowed")
    for field in KINDS[kind].fields:
        with pytest.raises(ValueError, match=f'kind "{kind}" needs .*{field}'):
            KINDS[kind].check(made(kind).model_copy(update={field: None}))


def test_a_unit_may_be_left_to_the_kind() -> None:
    own = {"label": "Mine", "kind": "distinct", "table": "orders"}
    assert load_catalogue({"mine": own})["mine"].unit == "count"
    assert load_catalogue({"mine": {**own, "unit": "number"}})["mine"].unit == "number"


def test_names_for_messages() -> None:
    assert names_of_kinds(lambda kind: kind.is_yes_or_no) == "churn, proportion, retention"


@pytest.fixture
def spread() -> Iterator[type[Kind]]:
    """A kind that does not come with opsnb: the largest value less the smallest."""

    @register
    class Spread(Kind):
        """largest less smallest `value` of the period"""

        name = "spread"
        fields = ("table", "value")

        def totals(self, metric: Metric) -> dict[str, Any]:
            value = ibis._._value
            return {"_sum": value.max() - value.min(), "_n": ibis._.count()}

    yield Spread
    del KINDS["spread"]


def test_a_kind_of_another_package(spread: type[Kind], meter: Any) -> None:
    """Registered by name, it is declared in TOML and measured like any other."""
    orders = (
        "order_id,user_id,ordered_at,amount\n"
        "a,u,2026-10-01,10.0\nb,v,2026-10-02,25.0\nc,v,2026-10-03,12.0\n"
    )
    own = 'label = "Mine"\nkind = "spread"\ntable = "orders"\nvalue = "amount"\nunit = "money"\n'
    found = meter({"orders": orders}, more=f"[metrics.mine]\n{own}")
    assert found.value("mine", parse("2026-10")).value == 15.0
    with pytest.raises(MetricError, match='kind "spread" has no daily series'):
        found.daily("mine", parse("2026-10").start, parse("2026-10").end)
    with pytest.raises(MetricError, match='kind "spread" cannot be read in an experiment'):
        require_readable(found.rows, found.catalogue["mine"], found.catalogue["mine"])


def test_amounts_of_a_user() -> None:
    """What a user's rows come to in an experiment, by kind."""
    rows = ibis.memtable({"value": [3.0, 3.0, 0.0, None, 5.0], "per": [2.0, 0.0, 1.0, 1.0, 4.0]})
    own = UserRows(rows, rows.value, rows.per, unique=False)
    inside = rows.per < 4

    def amounts(kind: str, **fields: Any) -> dict[str, Any]:
        metric = made(kind, **fields)
        wanted = rows.agg(**metric.kind.user_amounts(metric, own, inside))
        return {name: column[0] for name, column in wanted.to_pyarrow().to_pydict().items()}

    assert amounts("sum") == amounts("mean") == {"x": 6.0}
    assert amounts("distinct") == {"x": 2.0}
    assert amounts("ratio") == {"x": 6.0, "y": 4.0}
    assert sorted(amounts("quantile")["values"]) == [0.0, 3.0, 3.0]
    assert amounts("proportion", value="value") == {"x": 1.0}
    assert amounts("proportion", value="value", at_least=2) == {"x": 0.0}  # 3.0, twice
    assert amounts("proportion", at_least=3) == {"x": 1.0}  # rows, where no value is given


def asked_by_name(tree: ast.AST) -> Iterator[ast.AST]:
    """Comparisons of something's `.kind`, a metric's, with a name or names."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        kinds = [side for side in sides if isinstance(side, ast.Attribute) and side.attr == "kind"]
        words = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
        for kind in kinds:
            of_metric = "metric" in ast.unparse(kind.value)
            if of_metric or words & (KINDS.keys() - {"nps"}):
                yield node


def test_nobody_asks_for_a_kind_by_name() -> None:
    """A comparison with a name would be false for ever, and a new kind would be forgotten."""
    found = [
        f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
        for path in MODULES
        if path.parent.name != "definitions"  # it writes kinds by name, of another tool's metrics
        for node in asked_by_name(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line", ["metric.kind == 'mean'", "part.kind != 'quantile'", "kpi.metric.kind in (*A, *B)"]
)
def test_a_question_by_name_is_found(line: str) -> None:
    assert list(asked_by_name(ast.parse(line)))
