"""Parts of report.json: all that a page prints, in the order and the language of the page."""

from __future__ import annotations

import copy
import json

import pytest
from nbformat.v4 import new_output

from opsnb.analysis.display.charts import _plot
from opsnb.base.errors import PublishError
from opsnb.base.messages import Language
from opsnb.base.seam import MIME
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.html import Request, render
from opsnb.publishing.reports.report_parts import report_parts
from opsnb.publishing.reports.schema import check

from .in_process import executed, run_of
from .printed_numbers import held, numbers, printed

KINDS = {
    "monthly_retrospective": {"cycle": "2026-10"},
    "weekly_review": {"cycle": "2026-W43"},
    "campaign_review": {"cycle": "2026-10", "campaign": "golden_week"},
    "ab_readout": {"cycle": "2026-10", "experiment": "free_shipping_bar"},
    "experiment_design": {"cycle": "2026-10"},
}


@pytest.mark.parametrize("playbook", KINDS)
def test_every_number_that_a_page_prints_stands_in_its_report(playbook, sample, monkeypatch):
    """But for the scales of axes, which are no results, and for dates."""
    monkeypatch.setattr(_plot, "_label", lambda *_: None)
    notebook = executed(sample, playbook, **KINDS[playbook])
    run = run_of(notebook, sample, KINDS[playbook]["cycle"])
    for code, report in collect(notebook, run).items():
        page, _ = render(notebook, Request(run, report))
        said = printed(page)
        assert len(said) > 50
        known = held(report, run.language(code))
        assert {number: text for number, text in said.items() if number not in known} == {}
        facts_alone = held({**report, "parts": []}, run.language(code))
        assert len(said.keys() - facts_alone) > 10  # what the parts are there for


def test_numbers_are_told_from_dates():
    assert numbers("+4.1% to ¥1.2m on 3 Oct 2026, 10,234 of 5") == {"+4.1%", "¥1.2m", "10,234", "5"}
    assert numbers("2026年10月3日：−1.5万，0.90 个百分点") == {"−1.5万", "0.90"}


def grid(**more):
    said = {"said": {"en": "Push", "zh": "推送"}}
    columns = [
        {"id": "who", "type": "text", "role": "category", "label": "who"},
        {"id": "rate", "type": "number", "role": "value", "format": "percent"},
    ]
    rows = [[said, 0.714], ["SMS", {"withheld": 5}]]
    return {"is": "table", "columns": columns, "rows": rows, **more}


def carrying(notebook, cell_id, *parts):
    """The notebook, with a cell's payload as a kernel of now writes it."""
    cell = next(cell for cell in notebook.cells if cell.get("id") == cell_id)
    payload = next(out.data[MIME] for out in cell.outputs if "data" in out)
    payload |= {"v": 2, "parts": list(parts)}
    return notebook


def test_parts_are_in_order_and_in_the_words_of_each_language(notebook, run):
    fold = {"is": "fold", "title": {"said": {"en": "More", "zh": "更多"}}, "parts": [grid()]}
    reports = collect(carrying(notebook, "effect_chart", grid(), fold), run)
    en, zh = ([p for p in reports[c]["parts"] if p["cell"] == "effect_chart"] for c in ("en", "zh"))
    assert [part["is"] for part in en] == ["table", "fold"]
    assert en[0]["rows"] == [["Push", 0.714], ["SMS", {"withheld": 5}]]
    assert zh[0]["rows"] == [["推送", 0.714], ["SMS", {"withheld": 5}]]
    assert (en[1]["title"], zh[1]["title"]) == ("More", "更多")
    cells = [part["cell"] for part in reports["en"]["parts"]]
    assert cells == sorted(cells, key=[cell.get("id") for cell in notebook.cells].index)
    assert not {"setup", "params", "injected"} & set(cells)
    heading = next(part for part in reports["zh"]["parts"] if part["cell"] == "trust")
    assert heading["kind"] == "markdown" and heading["text"].startswith("## 数据可信吗？")


def test_the_tags_of_a_cell_say_where_its_parts_stand(notebook, run):
    parts = report_parts(carrying(notebook, "method_table", grid()), run, "en")
    places = {part["cell"]: part.get("place") for part in parts}
    assert places["method"] == places["method_table"] == "details"
    assert places["verdict"] == "summary" and places["effect"] is None


def test_outputs_without_parts_are_kept_as_their_text(notebook, run):
    """Those of an older kernel, and what is not of opsnb; of a picture what it shows."""
    cell = next(cell for cell in notebook.cells if cell.get("id") == "gate")
    picture = {"image/png": "eA==", "text/plain": "<Figure 1>"}
    cell.outputs += [
        new_output("display_data", data={"text/plain": "a  71.4", "text/html": "<b>71.4</b>"}),
        new_output("display_data", data=picture, metadata={"image/png": {"alt": "A curve"}}),
        new_output("display_data", data=picture),
    ]
    parts = [part for part in report_parts(notebook, run, "en") if part["cell"] == "gate"]
    assert [part["text"] for part in parts] == ["shown in the report", "a  71.4", "A curve"]
    assert {part["kind"] for part in parts} == {"other"}


def test_parts_name_no_path_and_hold_nothing_that_acts(notebook, run):
    part = {"is": "text", "kind": "note", "text": f"in {run.root}/data/a.csv \x1b[2J"}
    parts = report_parts(carrying(notebook, "gate", part), run, "en")
    assert next(p["text"] for p in parts if p["cell"] == "gate") == "in data/a.csv □[2J"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"rows": [[{"w": 1}]]}, r"parts.0.Grid.rows.0.0"),
        ({"colour": "red"}, r"parts.0.Grid.colour"),
        ({"is": "spreadsheet"}, r"parts.0.*is: input should be"),
    ],
)
def test_parts_of_another_layout_are_an_error_at_their_place(notebook, run, change, place):
    report = copy.deepcopy(collect(notebook, run)["en"])
    report["parts"] = [{**grid(), "rows": [["Push", 0.714]], **change}]
    with pytest.raises(PublishError, match=place):
        check(report)


def test_an_executed_notebook_of_an_older_kernel_still_makes_a_report(notebook, run):
    reports = collect(notebook, run)  # all of its payloads are of version 1
    assert reports["en"]["schema"] == "opsnb.report/2"
    assert [fact["key"] for fact in reports["en"]["facts"]] == [
        "campaign.effect", "campaign.verdict",
    ]  # fmt: skip
    page, _ = render(notebook, Request(run, reports["en"]))
    assert "Golden week paid" in page
    assert json.loads(json.dumps(reports["zh"])) == reports["zh"]
    assert Language("zh").text("page.summary") in render(notebook, Request(run, reports["zh"]))[0]
