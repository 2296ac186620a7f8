"""Experiments become plans: arms, shares, dates, metrics; exposures the arms of those plans."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.definitions import Options, Outcome, import_definitions
from opsnb.analysis.metrics.assignments import assigned_users
from opsnb.analysis.metrics.rows import Rows
from opsnb.base.errors import DefinitionError, ParameterError
from opsnb.base.workspace import Workspace
from tests.analysis.definitions.conftest import reasons

Export = Callable[..., Path]

GROWTHBOOK: dict[str, Any] = {
    "id": "exp_1",
    "trackingKey": "checkout/one-page",
    "name": "One-page checkout",
    "type": "standard",
    "hypothesis": 'Fewer steps, "more" orders',
    "owner": "Wang Lei",
    "status": "stopped",
    "hashAttribute": "id",
    "variations": [
        {"variationId": "var_a", "key": "0", "name": "Control"},
        {"variationId": "var_b", "key": "1", "name": "One page"},
        {"variationId": "var_c", "key": "2", "name": "Never served"},
    ],
    "phases": [
        {
            "name": "Main",
            "dateStarted": "2026-09-30T20:00:00.000Z",  # the morning of 1 October in Shanghai
            "dateEnded": "2026-10-28T10:00:00.000Z",
            "coverage": 0.8,
            "trafficSplit": [
                {"variationId": "var_a", "weight": 0.6},
                {"variationId": "var_b", "weight": 0.4},
                {"variationId": "var_c", "weight": 0},
            ],
        }
    ],
    "settings": {
        "goals": [{"metricId": "fact__aov"}],
        "secondaryMetrics": [{"metricId": "fact__gone"}],
        "guardrails": [{"metricId": "fact__tax"}],
    },
}

STATSIG: dict[str, Any] = {
    "id": "new_banner",
    "name": "New banner",
    "status": "decision_made",
    "hypothesis": "It is seen",
    "idType": "userID",
    "controlGroupID": "g2",
    "groups": [
        {"name": "Test", "id": "g1", "size": 30},
        {"name": "Holdback", "id": "g2", "size": 60},
    ],
    "allocation": 50,
    "duration": 14,
    "startTime": 1790784000000,  # 2026-10-01 00:00 in Shanghai
    "endTime": None,
    "primaryMetrics": [{"name": "purchase_rate", "type": "user"}],
    "secondaryMetrics": [],
    "defaultConfidenceInterval": "90",
    "owner": {"ownerType": "USER", "ownerName": "Li Na"},
}

OPTIMIZELY: dict[str, Any] = {
    "id": 10676850402,
    "name": "Blue button",
    "type": "a/b",
    "status": "paused",
    "holdback": 1000,
    "earliest": "2026-10-05T01:00:00Z",
    "latest": "2026-10-19T01:00:00Z",
    "variations": [
        {"variation_id": 20, "name": "Blue", "weight": 5000},
        {"variation_id": 10, "name": "Original", "weight": 5000},
        {"variation_id": 30, "name": "Old", "weight": 0, "archived": True},
    ],
    "metrics": [{"event_id": 77, "aggregator": "unique", "winning_direction": "increasing"}],
}

METRICS = """
[aov]
label = "Order value"
definition = "Mean order (GrowthBook: fact__aov)"
kind = "ratio"
table = "orders"
value = "amount"
unit = "money"
[tax_a_user]
label = "Tax"
definition = "(GrowthBook: fact__tax)"
kind = "mean"
table = "orders"
value = "tax"
unit = "number"
"""


@pytest.fixture
def own(shop: Workspace) -> Workspace:
    """The shop with two metrics, of which GrowthBook's definitions are known."""
    (shop.root / "metrics.toml").write_text(METRICS, encoding="utf-8")
    return Workspace.load(shop.root)


def changed(tree: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**copy.deepcopy(tree), **more}


def from_growthbook(own: Workspace, export: Export, *trees: Any, **options: Any) -> Outcome:
    path = export("experiments.json", {"experiments": list(trees)})
    return import_definitions(own, "growthbook", [path], Options(**options))


def from_statsig(own: Workspace, export: Export, *trees: Any, **options: Any) -> Outcome:
    options.setdefault("metrics", {"purchase_rate": "aov"})
    path = export("experiments.json", {"message": "ok", "data": list(trees)})
    return import_definitions(own, "statsig", [path], Options(**options))


def from_optimizely(own: Workspace, export: Export, *trees: Any, **options: Any) -> Outcome:
    options.setdefault("metrics", {"77": "aov"})
    path = export("experiments.json", list(trees))
    return import_definitions(own, "optimizely", [path], Options(**options))


def written(outcome: Outcome) -> Workspace:
    outcome.write()
    return Workspace.load(outcome.workspace.root)


def test_an_experiment_of_growthbook_is_a_plan(own: Workspace, export: Export) -> None:
    workspace = written(from_growthbook(own, export, GROWTHBOOK))
    plan = workspace.experiments["checkout_one_page"]
    assert plan.name == "One-page checkout"
    assert plan.hypothesis == 'Fewer steps, "more" orders'
    assert (plan.start, plan.end) == (dt.date(2026, 10, 1), dt.date(2026, 10, 28))
    assert plan.split == {"Control": 0.6, "One page": 0.4}
    assert plan.control == next(iter(plan.split)) == "Control"
    assert plan.primary.metric == "aov" and plan.owner == "Wang Lei"
    assert plan.metrics == ["aov", "tax_a_user"]
    text = (own.root / "plans/experiments/checkout_one_page.toml").read_text("utf-8")
    flat = " ".join(text.replace("\n# ", " ").split())
    for said in (
        "# Carried over from GrowthBook (checkout/one-page).",
        "80% of the traffic takes part.",
        "Guardrails there, without a margin: tax_a_user.",
        "Not among your metrics, and left out: fact__gone.",
        "Without users, and left out: Never served.",
    ):
        assert said in flat


def test_an_experiment_of_statsig_is_a_plan(own: Workspace, export: Export) -> None:
    workspace = written(from_statsig(own, export, STATSIG))
    plan = workspace.experiments["new_banner"]
    assert (plan.start, plan.end) == (dt.date(2026, 10, 1), dt.date(2026, 10, 14))
    assert plan.control == "Holdback" == next(iter(plan.split))  # though it is listed second
    assert plan.split == pytest.approx({"Holdback": 2 / 3, "Test": 1 / 3}, abs=1e-6)
    assert plan.alpha == 0.1 and plan.owner == "Li Na" and plan.hypothesis == "It is seen"


def test_an_experiment_of_optimizely_is_a_plan(own: Workspace, export: Export) -> None:
    workspace = written(from_optimizely(own, export, OPTIMIZELY))
    plan = workspace.experiments["blue_button"]
    assert plan.control == "Original" == next(iter(plan.split))
    assert plan.split == {"Original": 0.5, "Blue": 0.5}
    assert (plan.start, plan.end) == (dt.date(2026, 10, 5), dt.date(2026, 10, 19))


def test_a_control_that_nobody_names_is_the_first_arm_and_said(
    own: Workspace, export: Export
) -> None:
    arms = [{"variation_id": n, "name": f"V{n}", "weight": 5000} for n in (1, 2)]
    outcome = from_optimizely(own, export, changed(OPTIMIZELY, variations=arms))
    [plan] = outcome.plans
    assert plan.fields["control"] == "V1"
    assert any("taken to be the first arm" in note for note in plan.notes)


def test_arms_of_one_name_stay_apart(own: Workspace, export: Export) -> None:
    arms = [{"variation_id": n, "name": "Blue", "weight": 5000} for n in (1, 2)]
    [plan] = from_optimizely(own, export, changed(OPTIMIZELY, variations=arms)).plans
    assert list(plan.fields["split"]) == ["Blue 1", "Blue 2"]


PHASES = GROWTHBOOK["phases"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "draft"}, "is a draft"),
        ({"type": "multi-armed-bandit"}, "its split follows the outcome"),
        ({"archived": True}, "is archived"),
        ({"phases": []}, "has no phase"),
        ({"phases": [{**PHASES[0], "dateEnded": None}]}, "has no end yet"),
        ({"phases": [{**PHASES[0], "dateStarted": None}]}, "has not begun"),
        ({"variations": GROWTHBOOK["variations"][:1]}, "fewer than two arms"),
        ({"settings": {"goals": []}}, "no metric that decides"),
        ({"settings": {"goals": [{"metricId": "fact__gone"}]}}, "decided by fact__gone"),
        ({"phases": [{**PHASES[0], "dateEnded": "2026-09-01"}]}, "is before the start"),
    ],
)
def test_what_makes_no_plan_is_refused_by_name(
    own: Workspace, export: Export, more: dict[str, Any], reason: str
) -> None:
    twin = changed(GROWTHBOOK, trackingKey="twin", name="Twin")
    outcome = from_growthbook(own, export, changed(GROWTHBOOK, **more), twin)
    assert [plan.id for plan in outcome.plans] == ["twin"]
    assert reason in reasons(outcome)["One-page checkout"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (lambda own, export: from_statsig(own, export, changed(STATSIG, status="setup")), "set up"),
        (lambda own, export: from_statsig(own, export, STATSIG, metrics={}), "purchase_rate"),
        (
            lambda own, export: from_optimizely(
                own, export, changed(OPTIMIZELY, type="multiarmed_bandit")
            ),
            "split is not fixed",
        ),
        (
            lambda own, export: from_optimizely(
                own, export, changed(OPTIMIZELY, status="not_started")
            ),
            "has not begun",
        ),
    ],
)
def test_other_tools_refuse_as_well(
    own: Workspace, export: Export, outcome: Callable[..., Outcome], reason: str
) -> None:
    found = outcome(own, export)
    assert not found.plans and reason in found.refused[0].reason


def test_the_named_fix_for_a_missing_end_or_metric_works(own: Workspace, export: Export) -> None:
    running = changed(GROWTHBOOK, phases=[{**PHASES[0], "dateEnded": ""}])
    [plan] = from_growthbook(own, export, running, until=dt.date(2026, 12, 31)).plans
    assert plan.fields["end"] == dt.date(2026, 12, 31)
    unknown = changed(GROWTHBOOK, settings={"goals": [{"metricId": "fact__x"}]})
    [plan] = from_growthbook(own, export, unknown, metrics={"fact__x": "aov"}).plans
    assert plan.fields["primary"] == {"metric": "aov"}
    with pytest.raises(ParameterError, match="did you mean"):
        from_growthbook(own, export, unknown, metrics={"fact__x": "aovv"})


def test_plans_that_are_there_stay(own: Workspace, export: Export) -> None:
    first = from_growthbook(own, export, GROWTHBOOK)
    workspace = written(first)
    again = from_growthbook(workspace, export, GROWTHBOOK)
    assert again.there == ["plans/experiments/checkout_one_page.toml"] and not again.plans
    file = own.root / "plans/experiments/checkout_one_page.toml"
    file.write_text(file.read_text("utf-8") + "# ours\n", encoding="utf-8")
    later = from_growthbook(workspace, export, GROWTHBOOK)
    assert later.kept == ["plans/experiments/checkout_one_page.toml"] and not later.plans
    later.write()
    assert file.read_text("utf-8").endswith("# ours\n")


def test_two_experiments_of_one_file_are_told(own: Workspace, export: Export) -> None:
    other = changed(GROWTHBOOK, trackingKey="checkout one page")
    outcome = from_growthbook(own, export, GROWTHBOOK, other)
    assert "another experiment makes" in reasons(outcome)["checkout one page"]


def test_several_phases_and_other_units_are_said(own: Workspace, export: Export) -> None:
    first = {**PHASES[0], "dateStarted": "2026-09-01T00:00:00Z", "dateEnded": "2026-09-20"}
    tree = changed(GROWTHBOOK, phases=[first, PHASES[0]], hashAttribute="deviceId")
    [plan] = from_growthbook(own, export, tree).plans
    assert plan.fields["start"] == dt.date(2026, 10, 1)
    said = " ".join(plan.notes)
    assert "The last of 2 phases" in said and "Randomised by deviceId" in said


def test_what_the_analysis_does_there_and_a_plan_cannot_is_said(
    own: Workspace, export: Export
) -> None:
    settings = {
        "goals": [{"metricId": "fact__aov", "overrides": {"windowHours": 72, "delayHours": None}}],
        "segmentId": "seg_1",
        "queryFilter": "country = 'CN'",
        "activationMetric": {"metricId": "fact__open", "overrides": {}},
        "attributionModel": "experimentDuration",
        "regressionAdjustmentEnabled": True,
        "sequentialTestingEnabled": True,
    }
    [plan] = from_growthbook(own, export, changed(GROWTHBOOK, settings=settings)).plans
    said = " ".join(plan.notes)
    for words in (
        "segment seg_1, filter country = 'CN', activation metric fact__open",
        "Windows of metrics follow experimentDuration there",
        "changes windows or settings of fact__aov",
        "CUPED over 14 days",
        "Tested sequentially",
    ):
        assert words in said
    assert plan.fields["covariate_days"] == 14
    [plain] = from_growthbook(own, export, changed(GROWTHBOOK, trackingKey="plain")).plans
    assert not any("there only" in note or "Only some" in note for note in plain.notes)


@pytest.mark.parametrize(
    ("tool", "tree", "where"),
    [
        ("growthbook", {"experiments": [{"name": "x", "phases": {}}]}, "experiments[0].phases"),
        ("statsig", {"data": [changed(STATSIG, startTime="soon")]}, "data[0].startTime"),
        ("statsig", {"data": [changed(STATSIG, groups=[{"name": "A"}])]}, "data[0].groups[0].size"),
        ("optimizely", [changed(OPTIMIZELY, variations=[{"name": "A"}])],
         "[0].variations[0].variation_id"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_key(
    own: Workspace, export: Export, tool: str, tree: Any, where: str
) -> None:
    with pytest.raises(DefinitionError) as error:
        import_definitions(own, tool, [export("e.json", tree)])
    assert error.value.where == f"e.json: {where}"


# -- exposures ----------------------------------------------------------------------------


def exposures(own: Workspace, name: str, frame: pd.DataFrame) -> str:
    """A file of exposures, as CSV or Parquet."""
    path = own.root / "exports" / name
    path.parent.mkdir(exist_ok=True)
    if name.endswith(".csv"):
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return str(path)


def arms(workspace: Workspace, experiment: str) -> tuple[dict[str, int], int, dict[str, str]]:
    """Users by arm, users in several, and when each was first exposed, in local time."""
    found = assigned_users(Rows(workspace), experiment)
    users = found.users.order_by("user_id").execute()
    first = dict(zip(users.user_id, users.assigned_at.astype(str), strict=True))
    return found.counts, found.several, first


@pytest.mark.parametrize("name", ["viewed.csv", "viewed.parquet"])
def test_exposures_of_growthbook(own: Workspace, export: Export, name: str) -> None:
    """Keys "0" and "1" are numbers in a file; the plan calls the arms by their names."""
    frame = pd.DataFrame(
        {
            "user_id": ["a", "a", "b", "c", "c", "d"],
            "timestamp": ["2026-10-02 20:00:00", "2026-10-02 18:30:00", "2026-10-03 01:00:00",
                          "2026-10-04 01:00:00", "2026-10-05 01:00:00", "2026-10-06 01:00:00"],
            "experiment_id": ["checkout/one-page"] * 5 + ["other"],
            "variation_id": [0, 0, 1, 0, 1, 0],
        }
    )  # fmt: skip
    if name.endswith(".parquet"):
        frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    outcome = from_growthbook(own, export, GROWTHBOOK, exposures=exposures(own, name, frame))
    assert outcome.mapping is not None
    assert outcome.mapping.unknown == ["experiment other"]
    workspace = written(outcome)
    counts, several, first = arms(workspace, "checkout_one_page")
    assert counts == {"Control": 1, "One page": 1} and several == 1
    assert set(counts) == set(workspace.experiments["checkout_one_page"].split)
    assert first == {"a": "2026-10-03 02:30:00", "b": "2026-10-03 09:00:00"}  # from UTC


def test_exposures_of_statsig(own: Workspace, export: Export) -> None:
    frame = pd.DataFrame(
        {
            "unit_id": ["a", "b", "c", "b"],
            "exposure_type": ["get_experiment", "get_experiment", "check_gate", "get_experiment"],
            "name": ["new_banner"] * 4,
            "experiment_group": ["Test", "Holdback", "Test", "Holdback"],
            "first_exposure_utc": ["2026-10-01T20:00:00Z", "2026-10-02T01:00:00Z",
                                   "2026-10-02T01:00:00Z", "2026-10-01T17:00:00Z"],
        }
    )  # fmt: skip
    path = exposures(own, "first_exposures.csv", frame)
    workspace = written(from_statsig(own, export, STATSIG, exposures=path))
    counts, several, first = arms(workspace, "new_banner")
    assert counts == {"Holdback": 1, "Test": 1} and several == 0
    assert first == {"a": "2026-10-02 04:00:00", "b": "2026-10-02 01:00:00"}


def test_exposures_of_optimizely(own: Workspace, export: Export) -> None:
    """Decisions in Unix milliseconds, by ids of experiment and variation; none held back."""
    at = int(dt.datetime(2026, 10, 6, 18, tzinfo=dt.UTC).timestamp() * 1000)
    frame = pd.DataFrame(
        {
            "visitor_id": ["a", "a", "b", "c", "d"],
            "timestamp": [at + 60_000, at, at, at, at],
            "experiment_id": ["10676850402"] * 5,
            "variation_id": ["10", "10", "20", "20", "99"],
            "is_holdback": [False, False, False, True, False],
        }
    )
    folder = own.root / "exports" / "decisions"
    folder.mkdir(parents=True)
    for number, part in enumerate((frame[:2], frame[2:])):
        part.to_parquet(folder / f"part-{number}.parquet", index=False)
    outcome = from_optimizely(own, export, OPTIMIZELY, exposures=str(folder.parent / "decisions"))
    assert outcome.mapping is not None
    assert outcome.mapping.unknown == ["variant 99 of blue_button"]
    counts, _, first = arms(written(outcome), "blue_button")
    assert counts == {"99": 1, "Blue": 1, "Original": 1}
    assert first["a"] == "2026-10-07 02:00:00"


def test_exposures_of_a_source_that_is_there(own: Workspace, export: Export) -> None:
    frame = pd.DataFrame(
        {"user_id": ["a"], "timestamp": pd.to_datetime(["2026-10-02 20:00"], utc=True),
         "experiment_id": ["checkout/one-page"], "variation_id": ["1"]}
    )  # fmt: skip
    frame.to_parquet(own.root / "data" / "viewed.parquet", index=False)
    own = Workspace.load(own.root)
    outcome = from_growthbook(own, export, GROWTHBOOK, exposures="here.viewed")
    assert "[sources." not in outcome.new_mapping
    counts, _, first = arms(written(outcome), "checkout_one_page")
    assert counts == {"One page": 1} and first == {"a": "2026-10-03 04:00:00"}


def test_a_mapping_that_is_there_stays(own: Workspace, export: Export) -> None:
    frame = pd.DataFrame({"user_id": ["a"], "timestamp": ["2026-10-02 20:00"],
                          "experiment_id": ["x"], "variation_id": ["1"]})  # fmt: skip
    path = exposures(own, "viewed.csv", frame)
    workspace = written(from_growthbook(own, export, GROWTHBOOK, exposures=path))
    before = (own.root / "opsnb.toml").read_bytes()
    again = from_growthbook(workspace, export, GROWTHBOOK, exposures=path)
    assert "[tables.assignments] of opsnb.toml" in again.there
    changed_plan = changed(GROWTHBOOK, trackingKey="second", name="Second")
    later = from_growthbook(workspace, export, changed_plan, exposures=path)
    assert "[tables.assignments] of opsnb.toml" in later.kept
    later.write()
    assert (own.root / "opsnb.toml").read_bytes() == before


def test_exposures_that_cannot_be_read_are_told(own: Workspace, export: Export) -> None:
    path = exposures(own, "x.csv", pd.DataFrame({"who": ["a"], "when": ["2026-10-01"]}))
    outcome = from_growthbook(own, export, GROWTHBOOK, exposures=path)
    assert "no column experiment_id" in reasons(outcome)[path]
    with pytest.raises(ParameterError, match="neither a file nor"):
        from_growthbook(own, export, GROWTHBOOK, exposures="nowhere.csv")
