"""A copied playbook may lose cells or move them: its verdict is never milder for it.

Every playbook of the folder is played over small situations, whole, then without each of its
cells, without each pair of those that the verdict rests on, with the verdict alone, and with the
verdict first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

import nbformat
import pytest

from opsnb.base.messages import Language

from .conftest import OPENING, PLAYBOOKS, Played, cells_of, play, tags_of
from .read_once import ReadOnce
from .situations import SITUATIONS

NAMES = sorted(path.stem for path in PLAYBOOKS.glob("*.ipynb"))

STRICTNESS: dict[str, tuple[str, tuple[set[str], ...]]] = {
    "ab_readout": ("ab", ({"ship"}, {"hold"}, {"stop"}, {"invalid"})),
    "campaign_review": (
        "campaign",
        (
            {"paid", "assumed", "unclear", "unpriced", "cost_open", "loss"},
            {"unproven"}, {"description"}, {"harmful"}, {"invalid"},
        ),
    ),
    "monthly_retrospective": (
        "month",
        (
            {"on_track", "no_targets"}, {"mixed"}, {"off_track"}, {"partial"}, {"no_data"},
            {"invalid"},
        ),
    ),
    "weekly_review": (
        "week", ({"quiet", "good"}, {"bad"}, {"partial"}, {"no_data"}, {"invalid"})
    ),
    "experiment_design": ("design", ({"feasible"}, {"weak_guardrails"}, {"too_long"}, {"invalid"})),
}  # fmt: skip
"""By playbook the prefix of its texts, and its verdicts from the mildest to the strictest.

Verdicts of one set are as strict as each other and say different things: where one holds, no
other one of the set does.
"""

STATUSES = ("ready", "provisional", "skipped", "invalid")

CENTRAL = {
    "ab_readout": (
        "trust_gate", "primary_metric", "guardrail_table", "secondary_table", "impact_range",
    ),
    "campaign_review": (
        "cost_ledger", "data_gate", "fairness_checks", "result_chart", "effect_estimate",
        "returns_table",
    ),
    "monthly_retrospective": (
        "data_gate", "scorecard_table", "driver_bridge", "why_bridge",
    ),
}  # fmt: skip
"""The cells of trust and result, left out in pairs; where none are named, all of them are."""


def optional_cells(playbook: str) -> list[str]:
    """What a copy can lose: every cell but the parameters, the setup and the verdict."""
    return [cell.id for cell in cells_of(playbook) if not tags_of(cell) & {*OPENING, "summary"}]


def cuts(playbook: str) -> Iterator[tuple[str, ...]]:
    """The sets of cells that are left out, one at a time."""
    cells = optional_cells(playbook)
    yield from ((cell,) for cell in cells)
    yield from combinations(CENTRAL.get(playbook, cells), 2)
    yield tuple(cells)


def headings(playbook: str) -> dict[str, str]:
    """The heading of the section that each cell stands in."""
    found, heading = {}, ""
    for cell in nbformat.read(PLAYBOOKS / f"{playbook}.ipynb", 4).cells:
        if cell.cell_type == "markdown":
            heading = cell.source.splitlines()[0].lstrip("# ")
        found[cell.id] = heading
    return found


# -- what is compared --------------------------------------------------------------------


class Report(NamedTuple):
    """What leaves the cells of a playbook, as report.json would hold it."""

    playbook: str
    case: str
    status: str
    verdict: dict[str, Any]
    cards: list[dict[str, Any]]
    facts: dict[str, list[dict[str, Any]]]
    cited: dict[str, set[str]]

    @property
    def strictness(self) -> int:
        _, places = STRICTNESS[self.playbook]
        return next(place for place, cases in enumerate(places) if self.case in cases)


def report(playbook: str, played: Played) -> Report:
    facts: dict[str, list[dict[str, Any]]] = {}
    for payload in played.payloads.values():
        for fact in payload["facts"]:
            if fact not in facts.setdefault(fact["key"], []):
                facts[fact["key"]].append(fact)
    names = ("checks", "findings", "cards", "decisions", "actions")
    cited = {name: {key for r in played.records(name) for key in r["evidence"]} for name in names}
    return Report(
        playbook,
        played.fact(f"{STRICTNESS[playbook][0]}.verdict")["value"],
        max(["ready", *played.statuses], key=STATUSES.index),
        played.verdict(),
        played.payloads["summary"]["languages"]["en"]["cards"],
        facts,
        {**cited, "the verdict": set(played.verdict()["evidence"])},
    )


def faults(whole: Report, cut: Report, left_out: tuple[str, ...] = ()) -> list[str]:
    """What a report with cells left out says that the whole one does not bear out."""
    said = f"{cut.verdict['word']}: {cut.verdict['sentence']}"
    found = []
    if cut.case == whole.case:
        found += [
            f"the verdict's {name} is {cut.verdict[name]!r}, of the whole {whole.verdict[name]!r}"
            for name in whole.verdict
            if cut.verdict[name] != whole.verdict[name]
        ]
        if cut.cards != whole.cards:
            shown = [[card["label"] for card in one.cards] for one in (cut, whole)]
            found.append(f"the cards are {shown[0]}, of the whole {shown[1]}, or their values")
    elif cut.strictness <= whole.strictness and not _names(cut, left_out):
        found.append(f"the verdict is milder or another one: {said} ({cut.case}, {whole.case})")
    if "–" in cut.verdict["sentence"] and "–" not in whole.verdict["sentence"]:
        found.append(f"a number is missing in the verdict: {said}")
    if STATUSES.index(cut.status) < STATUSES.index(whole.status):
        found.append(f"the status is milder: {cut.status}, of the whole {whole.status}")
    found += [
        f"{place} cite {sorted(lost)}, which no cell says"
        for place, keys in cut.cited.items()
        if (lost := keys - set(cut.facts))
    ]
    found += [f"{key} is said twice: {facts}" for key, facts in cut.facts.items() if len(facts) > 1]
    judged = f"{STRICTNESS[cut.playbook][0]}.verdict"  # by its strictness, above
    found += [
        f"{key} is {cut.facts[key][-1]}, in the whole {whole.facts[key][-1]}"
        for key in sorted(set(cut.facts) & set(whole.facts) - {judged})
        if cut.facts[key][-1] != whole.facts[key][-1]
    ]
    return found


def _names(cut: Report, left_out: tuple[str, ...]) -> bool:
    """Whether the verdict names every section that is missing."""
    said = f"{cut.verdict['sentence']} {cut.verdict['rule']}"
    sections = headings(cut.playbook)
    return bool(left_out) and all(sections[cell] in said for cell in left_out)


# -- playing ------------------------------------------------------------------------------

Run = Callable[..., Report]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Play a playbook in a situation; each workspace is built and read once, each play kept."""
    worlds: dict[tuple[str, str], tuple[Any, ReadOnce]] = {}
    kept: dict[Any, Report] = {}

    def get(
        playbook: str, name: str, without: tuple[str, ...] = (), first: tuple[str, ...] = ()
    ) -> Report:
        asked, situation = (playbook, name, without, first), SITUATIONS[playbook][name]
        if (playbook, name) not in worlds:
            workspace = situation.build(tmp_path_factory.mktemp(name))
            worlds[playbook, name] = workspace, ReadOnce(workspace)
        workspace, once = worlds[playbook, name]
        if asked not in kept:
            with once.read():
                played = play(
                    workspace, playbook, without=without, first=first, languages="en",
                    **situation.parameters,
                )  # fmt: skip
                played.text()  # all that is shown can be said
            kept[asked] = report(playbook, played)
        return kept[asked]

    return get


WORLDS = [(playbook, name) for playbook in NAMES for name in SITUATIONS.get(playbook, ())]

CUTS = [(*world, left_out) for world in WORLDS for left_out in cuts(world[0])]


def _id(world: tuple[str, str], left_out: tuple[str, ...] = ()) -> str:
    return "-".join([*world, "+".join(left_out) if len(left_out) < 3 else "all"]).rstrip("-")


@pytest.mark.parametrize(
    ("playbook", "name", "left_out"), CUTS, ids=[_id(cut[:2], cut[2]) for cut in CUTS]
)
def test_without_cells_no_verdict_is_milder(
    run: Run, playbook: str, name: str, left_out: tuple[str, ...]
) -> None:
    assert not faults(run(playbook, name), run(playbook, name, left_out), left_out)


@pytest.mark.parametrize(("playbook", "name"), WORLDS, ids=map(_id, WORLDS))
def test_the_verdict_may_come_first(run: Run, playbook: str, name: str) -> None:
    whole, moved = run(playbook, name), run(playbook, name, first=("summary",))
    assert moved.case == whole.case
    assert not faults(whole, moved)


COPIES = [
    ("campaign_review", "split_broken", "effect_estimate", "holdout of “Sale” is broken"),
    ("campaign_review", "paid", "returns_table", "incremental ROI +3"),
    ("campaign_review", "paid", "cost_ledger", "incremental ROI +3"),
    ("campaign_review", "unproven", "cost_ledger", "at a cost of ¥1,700"),
    ("ab_readout", "won", "primary_metric", "effect +13.4% to +27.0%"),
    ("ab_readout", "won", "guardrail_table", "every guardrail held"),
    ("monthly_retrospective", "partial", "data_gate", "is not over"),
    ("experiment_design", "feasible", "size_chart", "448 users in 6 weeks"),
]
"""Copies that once said something else, or nothing, and what their verdicts have to say."""


@pytest.mark.parametrize(
    ("playbook", "name", "left_out", "words"), COPIES, ids=["-".join(row[:3]) for row in COPIES]
)
def test_a_copy_says_what_the_whole_says(
    run: Run, playbook: str, name: str, left_out: str, words: str
) -> None:
    copy, meant = run(playbook, name, (left_out,)), SITUATIONS[playbook][name]
    assert (copy.case, copy.status) == (meant.verdict, meant.status)
    assert words in copy.verdict["sentence"]
    assert bool(copy.cards) == (meant.status != "invalid")


# -- the net itself -----------------------------------------------------------------------


@pytest.mark.parametrize(("playbook", "name"), WORLDS, ids=map(_id, WORLDS))
def test_a_situation_is_what_it_is_meant_to_be(run: Run, playbook: str, name: str) -> None:
    whole, meant = run(playbook, name), SITUATIONS[playbook][name]
    assert (whole.case, whole.status) == (meant.verdict, meant.status)
    assert not faults(whole, whole)


@pytest.mark.parametrize("playbook", NAMES)
def test_a_playbook_has_situations_and_a_place_for_every_verdict(playbook: str) -> None:
    assert SITUATIONS.get(playbook), "tests/analysis/reviews/situations.py has none for it"
    prefix, places = STRICTNESS[playbook]
    words = {key for key in Language("en").texts if key.startswith(f"{prefix}.word.")}
    known = set.union(*places)
    said = {key.split(".")[-1] for key in words} | {"invalid"}
    assert said == known - {"no_data"}
    assert sum(map(len, places)) == len(known)
    assert set(CENTRAL.get(playbook, ())) <= set(optional_cells(playbook))


def test_the_net_finds_what_it_is_for(run: Run) -> None:
    """Reports of other situations stand for what a cut one might say."""
    paid, invalid = run("campaign_review", "paid"), run("campaign_review", "split_broken")
    assert not [f for f in faults(paid, invalid) if "verdict" in f or "status" in f]
    milder = "\n".join(faults(invalid, paid))
    assert "the verdict is milder" in milder and "the status is milder" in milder
    unpriced = paid._replace(case="unpriced")
    assert any("or another one" in fault for fault in faults(paid, unpriced))
    named = unpriced._replace(verdict={**paid.verdict, "rule": "What it returned is missing."})
    assert not faults(paid, named, ("returns_table",))
    lost = paid._replace(facts={k: f for k, f in paid.facts.items() if k != "campaign.cost"})
    assert any("campaign.cost" in fault for fault in faults(paid, lost))
    fewer = paid._replace(cards=paid.cards[1:])
    assert any("cards" in fault for fault in faults(paid, fewer))
    dash = paid._replace(verdict={**paid.verdict, "sentence": "It added –."})
    assert any("number is missing" in fault for fault in faults(paid, dash))
    [cost] = paid.facts["campaign.cost"]
    twice = paid._replace(facts={**paid.facts, "campaign.cost": [cost, {**cost, "value": 1}]})
    assert any("said twice" in fault for fault in faults(paid, twice))
