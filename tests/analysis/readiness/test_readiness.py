"""What would fail later is found beforehand, and each fix, applied literally, mends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opsnb.analysis.readiness import concerns
from opsnb.base.concerns import WEIGHTS, Concern, of_error, worst_first
from opsnb.base.errors import WorkspaceError
from opsnb.base.workspace import METRICS, Workspace
from opsnb.publishing.runs.cycle_check import cycle_concerns


def everything(root: Path) -> list[Concern]:
    """As `opsnb check` looks at a workspace, but for its rows."""
    try:
        workspace = Workspace.load(root)
        found = []
    except WorkspaceError as error:
        found = list(of_error(error, "metrics", file=METRICS))
        if error.file not in ("", METRICS):
            return found
        workspace = Workspace.load(root, own_metrics=False)
    return worst_first([*found, *concerns(workspace), *cycle_concerns(workspace)])


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} stands in {name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def applied(root: Path, concern: Concern) -> None:
    """Does what a fix says, to the letter."""
    path, fix = root / concern.file, concern.fix
    text = path.read_text(encoding="utf-8")
    key = re.split(r"[.\s]", concern.key)[-1]
    wrong = next(iter(re.findall(r"""["']([^"']+)["']""", concern.what)), key)
    if found := re.search(r'did you mean "([^"]+)"\?', fix):
        text = re.sub(rf"(?<!\w){re.escape(wrong)}(?!\w)", found[1], text)
    elif found := re.search(r'(?:write|calls it) "([^"]+)"', fix):
        text = text.replace(wrong, found[1])
    elif found := re.search(r"write (\[[\w.]+\]) and below it (.+)", fix):
        text += f"{found[1]}\n{found[2]}\n"
    elif found := re.search(r"write ((\w+) = .+)$", fix):
        value = r"(?:\"[^\"]*\"|[^\n,}}]+)"
        for line in (rf"(?m)^{found[2]} = {value}", rf"(?<![\w.]){found[2]} = {value}"):
            if (new := re.sub(line, lambda _, new=found[1]: new, text, count=1)) != text:
                break
        text = new if new != text else f"{found[1]}\n{text}"
    elif "swap the two dates" in fix:
        first, second = re.findall(r"\d{4}-\d\d-\d\d", text)[:2]
        text = text.replace(first, "!").replace(second, first).replace("!", second)
    elif found := re.search(r"(?:call|name) it (?:after its cycle: write it as )?([\w-]+)", fix):
        path.rename(path.with_name(f"{found[1]}.toml"))
        return
    elif found := re.search(r"known parameters: (\w+)", fix):
        text = text.replace(wrong, found[1])
    elif "delete it" in fix:
        number = int(concern.key.removeprefix("line "))
        lines = text.splitlines()
        text = "\n".join([*lines[: number - 1], *lines[number:], ""])
    elif found := re.search(r"map (\[tables\.(\w+)\])", fix):
        path = root / "opsnb.toml"
        text = f'{path.read_text()}{found[1]}\nsource = "d"\ntable = "{found[2]}"\n'
    elif "remove for_each" in fix:
        text = text.replace('for_each = "campaign"\n', "")
    elif "keep one of them" in fix:
        text = re.sub(r'("\w+"), \1', r"\1", text)
    else:
        raise AssertionError(f"nobody could say what to do: {fix!r}")
    path.write_text(text, encoding="utf-8")


def test_nothing_is_wrong_with_a_sound_workspace(shop: Path) -> None:
    assert everything(shop) == []


BROKEN = [
    # file, what stands there, what stands there instead, rule, level
    ("metrics.toml", 'kind = "sum"', 'kind = "summ"', "unusable", "block"),
    ("metrics.toml", 'table = "orders"', 'table = "order"', "unknown_table", "block"),
    ("metrics.toml", 'value = "amount"', 'value = "amuont"', "sql", "block"),
    ("metrics.toml", '"big_orders"\nden', '"big_order"\nden', "unusable", "block"),
    ("metrics.toml", "where =", "wher =", "unusable", "block"),
    ("metrics.toml", '[big_orders]\nlabel = "Big orders"\nkind = "sum"\n',
     '[big_orders]\nlabel = "Big orders"\nextends = "gmv_nett"\n', "unusable", "block"),
    ("plans/experiments/badge.toml", 'control = "control"\n',
     'control = "control"\nsegments = ["visit_before"]\n', "no_such_column", "warn"),
    ("plans/experiments/badge.toml", "order_conversion", "order_conversoin", "unknown_metric",
     "block"),
    ("plans/experiments/badge.toml", "refund_rate", "refund_rates", "unknown_metric", "block"),
    ("plans/experiments/badge.toml", "treatment", "Treatment", "not_in_data", "block"),
    ("plans/experiments/badge.toml", "treatment", "treatmant", "not_in_data", "block"),
    ("plans/experiments/badge.toml", '"control"', '"contrl"', "unreadable", "block"),
    ("plans/experiments/badge.toml", 'name = "Badge"', "name = 2026", "unreadable", "block"),
    ("plans/experiments/badge.toml", "mde = 0.05", 'mde = "0.05"', "unreadable", "block"),
    ("plans/experiments/badge.toml", "visits_before", "visit_before", "no_such_column", "block"),
    ("plans/experiments/badge.toml", "start = 2026-10-01\nend = 2026-10-20",
     "start = 2026-10-20\nend = 2026-10-01", "unreadable", "block"),
    ("plans/experiments/badge.toml", '[primary]\nmetric = "order_conversion"\nmde = 0.05\n', "",
     "unreadable", "block"),
    ("plans/campaigns/golden.toml", "gmv_net", "gmv_nett", "unknown_metric", "block"),
    ("plans/campaigns/golden.toml", "Zhejiang", "Zheijang", "not_in_data", "block"),
    ("plans/campaigns/golden.toml", "Zhejiang", "zhejiang", "not_in_data", "block"),
    ("plans/campaigns/golden.toml", '"region"', '"regoin"', "no_such_column", "block"),
    ("plans/campaigns/golden.toml", '"visit"', '"Visit"', "not_in_data", "warn"),
    ("plans/campaigns/golden.toml", "search_index", "search-index", "not_in_data", "warn"),
    ("plans/campaigns/golden.toml", "golden_holdout", "Golden_Holdout", "not_in_data", "block"),
    ("plans/campaigns/golden.toml", '"search_index"', '"search_index", "search_index"',
     "unreadable", "block"),
    ("plans/campaigns/golden.toml", "funnel", "funel", "unreadable", "block"),
    ("plans/targets/2026-10.toml", "gmv_net", "gmv_nett", "unknown_metric", "block"),
    ("plans/targets/2026-10.toml", "5000", '"5000"', "unreadable", "block"),
    ("plans/events.toml", "outage", "outtage", "unreadable", "block"),
    ("plans/events.toml", '"Outage"', "5", "unreadable", "block"),
    ("plans/notes/golden.toml", "why", "whi", "unreadable", "block"),
    ("opsnb.toml", 'cycle = "2026-10"', 'cycel = "2026-10"', "parameter", "block"),
    ("opsnb.toml", "campaign_review", "campain_review", "playbook", "block"),
    ("opsnb.toml", "campaign_review", "weekly_review", "for_each", "block"),
    ("reports/ledger/2026-10.jsonl", "}\n", "}\nnonsense\n{}\n", "line", "block"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "rule", "level"), BROKEN)
def test_what_is_wrong_is_found_and_its_fix_works(
    shop: Path, file: str, old: str, new: str, rule: str, level: str
) -> None:
    edit(shop, file, old, new)
    found = [one for one in everything(shop) if one.rule == rule]
    assert found, everything(shop)
    assert {one.level for one in found} == {level}
    assert {one.file for one in found} == {file}
    for _ in range(3):  # one after the other: a fix may bring a second mistake to light
        applied(shop, found[0])
        if not (found := everything(shop)):
            return
    assert not found


def test_regions_that_no_table_has(shop: Path) -> None:
    """They stand with users, and users are not mapped: the fix is to map them."""
    edit(shop, "data/orders.csv", ",region", ",place")
    assert everything(shop) == []
    edit(shop, "opsnb.toml", '[tables.users]\nsource = "d"\ntable = "users"\n', "")
    [found] = everything(shop)
    assert (found.rule, found.file) == ("no_such_column", "plans/campaigns/golden.toml")
    applied(shop, found)
    assert everything(shop) == []


def test_all_mistakes_of_all_files_at_once(shop: Path) -> None:
    """None hides another: not a file that is no TOML, not metrics that cannot be read."""
    (shop / "metrics.toml").write_text("[a\n")
    (shop / "plans/campaigns/broken.toml").write_text('name = "x\n')
    (shop / "plans/experiments/two.toml").write_text("name = 5\ncontrol = 0\n")
    edit(shop, "plans/events.toml", "outage", "outtage")
    edit(shop, "plans/targets/2026-10.toml", "5000", '"many"')
    found = everything(shop)
    assert {one.file for one in found} == {
        "metrics.toml",
        "plans/campaigns/broken.toml",
        "plans/experiments/two.toml",
        "plans/events.toml",
        "plans/targets/2026-10.toml",
    }, "and metrics of the file that cannot be read are not called unknown"
    keys = {one.key for one in found if one.file == "plans/experiments/two.toml"}
    assert keys == {"name", "control", "split", "primary"}


def test_unknown_variants_are_listed_with_their_rows(shop: Path) -> None:
    edit(shop, "data/assignments.csv", "badge,u1,treatment", "badge,u1,beta")
    [found] = everything(shop)
    assert (found.rule, found.level) == ("unplanned_arm", "warn")
    assert "beta (1)" in found.what


def test_a_plan_of_the_future_needs_no_data(shop: Path) -> None:
    for name in ("experiments/badge", "campaigns/golden"):
        edit(shop, f"plans/{name}.toml", "start = 2026-10-01", "start = 2026-12-01")
        path = shop / f"plans/{name}.toml"
        path.write_text(re.sub("end = 2026-10", "end = 2026-12", path.read_text()))
    for name in ("assignments", "spend"):
        lines = (shop / f"data/{name}.csv").read_text().splitlines()
        (shop / f"data/{name}.csv").write_text("\n".join(lines[:1]) + "\n")
    assert everything(shop) == []


def test_an_experiment_that_the_data_do_not_have(shop: Path) -> None:
    edit(shop, "data/assignments.csv", "badge,", "other,")
    [found] = everything(shop)
    assert (found.rule, found.level) == ("not_in_data", "warn")
    (shop / "plans/experiments/badge.toml").rename(shop / "plans/experiments/Other.toml")
    [found] = everything(shop)
    assert found.level == "block", "the same but for its case"
    assert "call the file other.toml" in found.fix


def test_files_that_nothing_reads(shop: Path) -> None:
    (shop / "plans/experiment").mkdir()
    (shop / "plans/experiments/badge.toml").rename(shop / "plans/experiment/badge.toml")
    (shop / "plans/notes/golden.toml").rename(shop / "plans/notes/goldn.toml")
    (shop / "plans/targets/2026-10.toml").rename(shop / "plans/targets/October.toml")
    found = {one.file: one for one in everything(shop)}
    assert 'did you mean "experiments"?' in found["plans/experiment/badge.toml"].fix
    assert 'did you mean "golden"?' in found["plans/notes/goldn.toml"].fix
    assert found["plans/targets/October.toml"].level == "block"


def test_metrics_that_lack_a_table_or_suit_no_experiment(shop: Path) -> None:
    edit(shop, "plans/experiments/badge.toml", "refund_rate", "tickets_on_time")
    [found] = everything(shop)
    assert (found.rule, found.level, found.key) == ("not_mapped", "warn", "guardrails[1].metric")
    edit(shop, "plans/experiments/badge.toml", "tickets_on_time", "retention_d7")
    [found] = everything(shop)
    assert (found.rule, found.level) == ("kind", "block")


def test_playbooks_that_cannot_run_for_lack_of_tables(shop: Path) -> None:
    (shop / "plans/campaigns/golden.toml").unlink()
    (shop / "plans/notes/golden.toml").unlink()
    (shop / "plans/experiments/badge.toml").unlink()
    (shop / "metrics.toml").unlink()
    edit(shop, "opsnb.toml", '[tables.orders]\nsource = "d"\ntable = "orders"\n', "")
    found = [one for one in everything(shop) if one.subject == "cycles"]
    assert [(one.rule, one.level) for one in found] == [("needs", "warn")]
    assert "orders" in found[0].what
    assert "campaign_review" not in found[0].what, "there is no campaign to review"


def test_columns_of_people(shop: Path) -> None:
    path = shop / "data/orders.csv"
    head, *rows = path.read_text().splitlines()
    lines = [f"{row},Li {n},see t.cn/A{n}" for n, row in enumerate(rows)]
    path.write_text("\n".join([f"{head},customer_name,remark", *lines]))
    found = everything(shop)
    assert {one.key for one in found} == {
        "tables.orders: customer_name",
        "tables.orders: remark",
    }
    assert {one.level for one in found} == {"warn"}


def test_the_worst_come_first_and_files_stay_together() -> None:
    def concern(file: str, level: str) -> Concern:
        return Concern("plans", "x", level, file, "", "what")  # type: ignore[arg-type]

    given = [
        concern("a", "note"),
        concern("b", "block"),
        concern("a", "warn"),
        concern("b", "note"),
    ]
    found = worst_first([*given, *given])
    assert [(one.file, one.level) for one in found] == [
        ("b", "block"), ("b", "note"), ("a", "warn"), ("a", "note"),
    ]  # fmt: skip
    assert WEIGHTS == ("block", "warn", "note")
