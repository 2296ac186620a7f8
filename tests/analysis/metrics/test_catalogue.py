"""Metric definitions: what a team may write, and what it is told when it cannot be used."""

from __future__ import annotations

from typing import Any

import pytest

from opsnb.analysis.metrics import load_catalogue
from opsnb.analysis.metrics.catalogue import read_catalogue
from opsnb.base.errors import MetricError

GOOD = {"label": "Mine", "kind": "sum", "table": "orders", "value": "amount", "unit": "money"}


def refused(**fields: Any) -> str:
    """What is said about a metric `mine` with these fields changed; None removes one."""
    changed = {k: v for k, v in {**GOOD, **fields}.items() if v is not None}
    with pytest.raises(MetricError) as caught:
        load_catalogue({"mine": changed})
    return str(caught.value)


def test_the_built_in_catalogue_is_complete() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) >= 25
    for metric in catalogue.values():
        for words in (metric.label, metric.definition):
            assert isinstance(words, dict), metric.id
            assert set(words) == {"en", "zh"} and all(words.values()), metric.id


def test_an_own_metric_joins_and_replaces() -> None:
    catalogue = load_catalogue({"mine": GOOD, "spend": GOOD})
    assert catalogue["mine"].value == "amount"
    assert load_catalogue()["spend"].direction == "down"
    assert catalogue["spend"].model_dump(exclude={"id"}) == catalogue["mine"].model_dump(
        exclude={"id"}
    ), "nothing of the built-in metric is left"


def test_what_an_extended_metric_takes_over() -> None:
    built_in = load_catalogue()["spend"]
    same = load_catalogue({"spend": {"extends": "spend", "materiality": 0.2}})["spend"]
    assert same == built_in.model_copy(update={"materiality": 0.2})
    narrow = {"extends": "spend", "where": "channel = 'wechat'"}
    found = load_catalogue({"spend": narrow})["spend"]
    assert (found.direction, found.label) == (built_in.direction, built_in.label)
    assert found.definition == "", "what it says of all spend is not true of a part"
    chain = {"mine": {"extends": "spend", "label": "Mine"}, "spend": {**GOOD, "cap": 0.9}}
    chain["yours"] = {"extends": "mine", "label": "Yours", "cap": 0.99}
    catalogue = load_catalogue(chain)
    assert catalogue["mine"].direction == "up", "the team's own spend, not the built-in one"
    assert (catalogue["yours"].cap, catalogue["yours"].value) == (0.99, "amount")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (
            {"spend": {"materiality": 0.2}},
            "[spend] label: Field required: it replaces the built-in metric spend",
        ),
        (
            {"mine": {"extends": "spnd", "label": "Mine"}},
            '[mine] extends: extends the unknown metric "spnd"; did you mean "spend"?',
        ),
        ({"mine": {"extends": "spend"}}, "[mine] label: Field required"),
        ({"mine": {"extends": "mine", "label": "x"}}, 'extends the unknown metric "mine"'),
        ({"mine": {"extends": 5, "label": "x"}}, 'extends the unknown metric "5"'),
        ({"mine": {**GOOD, "extend": "spend"}}, 'unknown field; did you mean "extends"?'),
        (
            {"a": {"extends": "b", "label": "A"}, "b": {"extends": "a", "label": "B"}},
            "[a] extends: extends itself (a > b > a)",
        ),
    ],
)
def test_what_cannot_be_extended(own: dict[str, Any], said: str) -> None:
    with pytest.raises(MetricError) as caught:
        load_catalogue(own)
    assert said in str(caught.value)


def test_the_fix_of_a_definition_that_only_changes_a_field_works() -> None:
    _, mistakes = read_catalogue({"spend": {"materiality": 0.2}})
    assert {one.key for one in mistakes} == {"[spend] label", "[spend] kind", "[spend] unit"}
    assert all('or write extends = "spend"' in one.hint for one in mistakes)
    assert not read_catalogue({"spend": {"extends": "spend", "materiality": 0.2}})[1]


def test_unknown_metric_offers_the_nearest() -> None:
    with pytest.raises(MetricError, match=r'unknown metric "gmv_nett".*did you mean "gmv_net"\?'):
        load_catalogue()["gmv_nett"]


def test_unknown_field_offers_the_nearest() -> None:
    said = refused(wher="true")
    assert '[mine] wher: unknown field; did you mean "where"?' in said
    assert said.startswith("metrics.toml: ")
    assert "docs/data.md" in said


@pytest.mark.parametrize("field", ["label", "kind", "unit"])
def test_missing_field(field: str) -> None:
    assert f"[mine] {field}: Field required" in refused(**{field: None})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"table": None}, '[mine]: kind "sum" needs table'),
        ({"value": None}, '[mine]: kind "sum" needs value'),
        ({"kind": "mean", "value": None}, '[mine]: kind "mean" needs value'),
        ({"kind": "ratio", "value": None}, '[mine]: kind "ratio" needs value'),
        ({"kind": "quantile"}, '[mine]: kind "quantile" needs quantile, such as 0.9'),
        ({"quantile": 0.9}, '[mine]: kind "sum" has no quantile; kind "quantile" does'),
        ({"kind": "quantile", "quantile": 9}, "[mine]: quantile is a fraction between 0 and 1"),
        ({"kind": "stock", "value": None}, '[mine]: kind "stock" needs value'),
        ({"kind": "nps", "value": None}, '[mine]: kind "nps" needs value'),
        ({"kind": "retention"}, '[mine]: kind "retention" needs day'),
        (
            {"kind": "quotient", "numerator": "orders"},
            '[mine]: kind "quotient" needs numerator and denominator (ids of metrics)',
        ),
        ({"cap": 1.0}, "[mine]: cap is a quantile between 0.5 and 1, such as 0.999"),
        ({"cap": 0.2}, "[mine]: cap is a quantile between 0.5 and 1, such as 0.999"),
        ({"kind": "median"}, '[mine] kind: unknown kind "median"; did you mean "mean"?'),
        ({"kind": "ration"}, '[mine] kind: unknown kind "ration"; did you mean "ratio"? Known'),
        ({"kind": ["sum"]}, """[mine] kind: unknown kind "['sum']"; did you mean "sum"?"""),
        ({"unit": "yuan"}, "[mine] unit: Input should be 'share', 'money'"),
        ({"direction": "sideways"}, "[mine] direction: Input should be 'up' or 'down'"),
    ],
)
def test_bad_definitions(fields: dict[str, Any], said: str) -> None:
    assert said in refused(**fields)


def test_unknown_parts_of_a_quotient() -> None:
    said = refused(kind="quotient", table=None, numerator="order", denominator="orders")
    assert '[mine]: names the unknown metric "order"; did you mean "orders"?' in said


def test_unknown_population() -> None:
    said = refused(kind="proportion", of="buyer")
    assert '[mine]: names the unknown metric "buyer"; did you mean "buyers"?' in said


def test_all_mistakes_at_once() -> None:
    with pytest.raises(MetricError) as caught:
        load_catalogue({"a": {**GOOD, "cap": 2}, "b": {**GOOD, "vlaue": "1"}})
    assert "[a]" in str(caught.value) and "[b] vlaue: unknown field" in str(caught.value)


def test_a_change_for_the_better() -> None:
    catalogue = load_catalogue()
    assert catalogue["gmv_net"].better(1) and not catalogue["gmv_net"].better(-1)
    assert catalogue["refund_rate"].better(-1) and not catalogue["refund_rate"].better(0)


def test_drivers_name_metrics_and_lead_nowhere_back() -> None:
    tree = {**GOOD, "combine": "sum", "drivers": ["orders", "-aov"]}
    assert load_catalogue({"mine": tree})["mine"].branches == [("orders", False), ("aov", True)]
    assert load_catalogue()["cac"].branches == [("spend", False), ("new_users", True)]
    assert "unknown metric" in refused(drivers=["orders", "/nothing"])
    own = {**GOOD, "drivers": ["other"]}
    with pytest.raises(MetricError, match=r"lead back to it .mine > other > mine."):
        load_catalogue({"mine": own, "other": {**GOOD, "drivers": ["/mine"]}})
