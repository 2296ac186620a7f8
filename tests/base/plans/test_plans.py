"""plans/ as typed objects, and every mistake in them at once."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path

import pytest

from opsnb.base.errors import PeriodError, PlanError
from opsnb.base.plans import ExperimentPlan
from opsnb.base.toml_model import validate
from opsnb.base.workspace import Workspace

HEAD = '[workspace]\nname = "Shop"\ntimezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
EXPERIMENT = """
name = "Checkout"
start = 2026-09-14
end = 2026-10-11
control = "control"
split = {control = 0.5, treatment = 0.5}
[primary]
metric = "order_conversion"
"""
CAMPAIGN = """
name = "Golden week"
start = 2026-10-01
end = 2026-10-08
metric = "gmv_net"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "opsnb.toml", HEAD)
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def documented() -> dict[str, str]:
    """The plan files that docs/data.md shows, by path."""
    text = (Path(__file__).parents[3] / "docs/data.md").read_text(encoding="utf-8")
    block = text.split("Texts for people", 1)[1].split("## Contract")[0]
    lines = "\n".join(
        line[4:] for line in block.splitlines() if line.startswith("    ") or not line
    )
    parts = re.split(r"# (plans/[\w/.-]+\.toml)\n", lines)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_documented_plans_load(folder: Path) -> None:
    for name, text in documented().items():
        write(folder, name, text.replace("{...}", '"x"'))
    workspace = Workspace.load(folder)

    experiment = workspace.experiments["checkout_one_page"]
    assert experiment.id == "checkout_one_page"
    assert experiment.name == {"en": "One-page checkout", "zh": "单页结算"}
    assert experiment.treatments == ["treatment"]
    assert experiment.metrics == ["order_conversion", "refund_rate", "revenue_per_user"]
    assert experiment.primary.mde == 0.03
    assert experiment.period.days == 28

    campaign = workspace.campaigns["golden_week"]
    assert campaign.budget.total == 265_000
    assert campaign.budget.by_kind["media"] == 100_000
    assert campaign.predicted is not None and campaign.predicted.high == 450_000
    assert campaign.success is not None and campaign.success.increment == 250_000
    assert campaign.holdout is not None and campaign.holdout.treated == "exposed"
    assert campaign.phases[0].name == {"en": "warm-up", "zh": "预热"}
    assert campaign.post_period is not None
    assert campaign.post_period.key == "2026-10-09..2026-10-29"

    assert workspace.targets("2026-10")["gmv_net"].target == 5_200_000
    assert workspace.targets(workspace.period("2026-10")) == workspace.targets("2026-10")
    assert workspace.events[0].period.days == 2
    assert workspace.events[0].kind == "outage"


def test_absent_plans_are_empty(folder: Path) -> None:
    workspace = Workspace.load(folder)
    assert workspace.experiments == workspace.campaigns == {}
    assert workspace.targets("2026-W44") == {}
    assert workspace.events == []
    with pytest.raises(PeriodError, match="targets"):
        workspace.targets("2026-13")


def test_plans_come_earliest_first(folder: Path) -> None:
    write(folder, "plans/campaigns/a.toml", CAMPAIGN)
    write(folder, "plans/campaigns/b.toml", CAMPAIGN.replace("2026-10-01", "2026-09-01"))
    campaigns = Workspace.load(folder).campaigns
    assert list(campaigns) == ["b", "a"]
    assert campaigns["a"].budget.total == 0


def test_no_post_period(folder: Path) -> None:
    write(folder, "plans/campaigns/a.toml", CAMPAIGN + "post_days = 0\n")
    assert Workspace.load(folder).campaigns["a"].post_period is None


@pytest.mark.parametrize(
    ("written", "shares"),
    [
        ("control = 1, treatment = 2", (1 / 3, 2 / 3)),
        ('control = "1/3", treatment = "2/3"', (1 / 3, 2 / 3)),
        ("control = 50, treatment = 50", (0.5, 0.5)),
        ("control = 90, treatment = 10", (0.9, 0.1)),
        ("control = 0.4, treatment = 0.6", (0.4, 0.6)),
    ],
)
def test_a_split_in_fractions_ratios_or_percent(
    folder: Path, written: str, shares: tuple[float, float]
) -> None:
    old = "control = 0.5, treatment = 0.5"
    write(folder, "plans/experiments/checkout.toml", EXPERIMENT.replace(old, written))
    plan = Workspace.load(folder).experiments["checkout"]
    assert tuple(plan.split.values()) == pytest.approx(shares)
    assert tuple(plan.shares().values()) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("control = 0.5, treatment = 0.5", "control = 50, treatment = 40", "split: sums to 90, no"),
        ("0.5, treatment = 0.5", "1, treatment = 0.5", "split: sums to 1.5, not to 1"),
        ("treatment = 0.5", 'treatment = "half"', 'split.treatment: "half" is no share. Fix: wri'),
        ("2026-10-11", "2026-09-11", "end: 2026-09-11 is before the start 2026-09-14"),
        ("treatment = 0.5", "treatment = 0.6", "split: sums to 1.1, not to 1. Fix: shares are"),
        ("0.5, treatment = 0.5", "1.0", "split: needs a control and a treatment"),
        ("0.5, treatment = 0.5", "1.5, treatment = -0.5", "split.treatment: is -0.5"),
        ('control = "control"', 'control = "contrl"', 'did you mean "control"?'),
        ("[primary]", "alpha = 5\n[primary]", "alpha: should be less than 0.5, not 5"),
        ("[primary]", "looks = 0\n[primary]", "looks:"),
        (
            "[primary]",
            "hypotesis = 'x'\n[primary]",
            'hypotesis: unknown key. Fix: did you mean "hyp',
        ),
        ("[primary]", "[primery]", "primary: is missing"),
        (
            '"order_conversion"',
            '"a"\n[[secondary]]\nmetric = "a"',
            'secondary: repeats the primary "a"',
        ),
        (
            '"order_conversion"',
            '"a"' + 2 * '\n[[guardrails]]\nmetric = "b"\nmargin = 0.1',
            'guardrails: names "b" twice',
        ),
        (
            '"order_conversion"',
            '"a"\n[[guardrails]]\nmetric = "b"',
            "guardrails[1].margin: is missing. Fix: write margin = 0.05",
        ),
    ],
)
def test_mistakes_in_experiments(folder: Path, old: str, new: str, part: str) -> None:
    write(folder, "plans/experiments/checkout.toml", EXPERIMENT.replace(old, new))
    with pytest.raises(PlanError) as error:
        _ = Workspace.load(folder).experiments["checkout"]
    assert "plans/experiments/checkout.toml" in str(error.value)
    assert part in str(error.value)


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ('funnel = ["visit"]', "funnel: has one step"),
        ('channels = ["a", "a"]', 'channels: names "a" twice'),
        ("predicted = {value = 3, low = 4}", "predicted.low: 4 is above the value 3"),
        ("predicted = {value = 3, high = 2}", "predicted.high: 2 is below the value 3"),
        ("budget = {media = -1}", "budget.media: should be greater than or equal to 0"),
        ("budget = {ads = 1}", "budget.ads: unknown key"),
        (
            '[[phases]]\nname = "x"\nstart = 2026-11-01\nend = 2026-11-02',
            "phases[1].start: is after the campaign's end",
        ),
        (
            '[[phases]]\nname = "x"\nstart = 2026-09-10\nend = 2026-09-02',
            "phases[1].end: 2026-09-02 is before the start",
        ),
    ],
)
def test_mistakes_in_campaigns(folder: Path, more: str, part: str) -> None:
    write(folder, "plans/campaigns/golden.toml", f"{CAMPAIGN}{more}\n")
    with pytest.raises(PlanError) as error:
        _ = Workspace.load(folder).campaigns["golden"]
    assert part in str(error.value)


def test_a_broken_file_stops_no_other(folder: Path) -> None:
    write(folder, "plans/campaigns/a.toml", CAMPAIGN + "x = 1\n")
    write(folder, "plans/campaigns/b.toml", CAMPAIGN + "y = 1\nz = 1\n")
    write(folder, "plans/campaigns/c.toml", "name = \n")
    write(folder, "plans/campaigns/sound.toml", CAMPAIGN)
    workspace = Workspace.load(folder)
    assert list(workspace.campaigns) == ["sound"]
    assert workspace.campaigns["sound"].id == "sound"
    said = "\n".join(workspace.broken_plans)
    assert "a.toml: x: unknown key" in said
    assert "b.toml: 2 things are wrong" in said
    assert "c.toml: is not valid TOML" in said


def test_who_asks_for_a_broken_plan_is_told(folder: Path) -> None:
    """It is known by its id: nobody is told that it does not exist."""
    write(folder, "plans/campaigns/a.toml", CAMPAIGN + "x = 1\n")
    campaigns = Workspace.load(folder).campaigns
    assert "a" in campaigns
    assert "b" not in campaigns
    for ask in (campaigns.get, campaigns.__getitem__):
        with pytest.raises(PlanError, match=r"plans/campaigns/a.toml: x: unknown key"):
            ask("a")
    assert campaigns.look("a", ["name"]) != CAMPAIGN, "a report knows that it changed"


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ('control = "control"', "control = 0", 'write control = "0"'),
        ('control = "control"', "control = 1.5", 'write control = "1.5"'),
        ('control = "control"', "control = true", 'write control = "true"'),
        ('control = "control"', "control = 2026-10-01", 'write control = "2026-10-01"'),
        ("mde = 0.03", 'mde = "0.03"', "write mde = 0.03"),
        ("window_days = 14", 'window_days = "14"', "write window_days = 14"),
        ("window_days = 14", "window_days = 14.0", "write window_days = 14"),
    ],
)
def test_quotes_that_lack_or_are_too_many(folder: Path, old: str, new: str, fix: str) -> None:
    whole = f"window_days = 14\n{EXPERIMENT}mde = 0.03\n"
    assert old in whole
    write(folder, "plans/experiments/x.toml", whole.replace(old, new))
    with pytest.raises(PlanError) as error:
        _ = Workspace.load(folder).experiments["x"]
    key = new.partition(" ")[0]
    assert str(error.value).startswith("plans/experiments/x.toml: ")
    assert [path.rpartition(".")[2] for path, _, _ in error.value.mistakes] == [key]
    assert fix in error.value.hint


def test_mistakes_in_targets_and_events(folder: Path) -> None:
    write(folder, "plans/targets/2026-10.toml", '[gmv_net]\ntarget = "many"\n')
    write(
        folder, "plans/events.toml", '[[event]]\nstart = 2026-10-14\nkind = "outtage"\nname = "x"\n'
    )
    workspace = Workspace.load(folder)
    with pytest.raises(PlanError, match=r"targets/2026-10.toml: gmv_net.target: should be a valid"):
        workspace.targets("2026-10")
    with pytest.raises(PlanError, match=r'events.toml: event\[1\].kind: .*did you mean "outage"'):
        _ = workspace.events


def test_an_event_of_one_day(folder: Path) -> None:
    write(folder, "plans/events.toml", '[[event]]\nstart = "2026-10-14"\nname = "Release"\n')
    event = Workspace.load(folder).events[0]
    assert event.period.start == event.period.end == dt.date(2026, 10, 14)
    assert event.kind == "other"


RAMPED = """
name = "x"
control = "a"
split = {a = 0.5, b = 0.5}
[primary]
metric = "m"
[[ramp]]
until = 2026-10-07
split = {a = 0.9, b = 0.1}
"""


def test_a_ramp_has_its_own_shares_until_its_day() -> None:
    plan = ExperimentPlan(**tomllib.loads(RAMPED))
    assert plan.shares(dt.date(2026, 10, 7)) == pytest.approx({"a": 0.9, "b": 0.1})
    assert plan.shares(dt.date(2026, 10, 8)) == pytest.approx({"a": 0.5, "b": 0.5})
    assert plan.registered and plan.cluster is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[[ramp]]\nuntil = 2026-10-01\nsplit = {a = 0.8, b = 0.2}\n", "not in order of its dates"),
        ("[[ramp]]\nuntil = 2026-10-09\nsplit = {a = 0.8, c = 0.2}\n", "names other arms"),
    ],
)
def test_ramps_that_cannot_be(more: str, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        validate(
            ExperimentPlan, tomllib.loads(RAMPED + more), "plans/experiments/x.toml", PlanError
        )
