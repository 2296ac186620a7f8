from __future__ import annotations

import copy
import dataclasses
import html as html_module
import io
import re
import struct
import zlib

import pytest
import uharfbuzz as hb
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.ttLib import TTFont
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from opsnb.base.errors import PublishError
from opsnb.base.plugins import Plugins
from opsnb.publishing.reports import MIME, RunError, fonts, preparation, publish
from opsnb.publishing.reports.collect import collect
from opsnb.publishing.reports.formats import known_formats
from opsnb.publishing.reports.html import OpsnbExporter, Request, render, script_hash, script_text
from tests.publishing.reports.test_collect import payload_of

LOADED = re.compile(
    r"""(?:<(?:script|img|iframe|audio|video|source|object|embed|use|image)\b[^>]*?
        (?:src|href|data)\s*=\s*["']?|<link\b[^>]*href\s*=\s*["']?|url\(\s*["']?
        |@import\s*["']?)(?!data:|\#)([^"')\s>]+)""",
    re.VERBOSE | re.IGNORECASE,
)
EVIL = '<script>alert("1")</script>\'"><img src=x onerror=alert(1)>'


def draw(notebook, run, code="en", **options):
    page, _ = render(notebook, Request(run, collect(notebook, run)[code], **options))
    return page


def body(page):
    return page[page.index("<body") :]


def words(page):
    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    return " ".join(html_module.unescape(text).split())


def test_the_first_screen_comes_in_its_order(notebook, run):
    shown = words(body(draw(notebook, run)))
    parts = [
        "Lantern Market", "October 2026", "Campaign review", "Golden week", "Ready",
        "REPEAT", "Incremental revenue", "Repeat the campaign in January?",
        "The campaign brought", "Contents", "Did the campaign pay", "Checks come first",
        "The region’s own history", "Sixty users", "1 passed, 1 with a warning, 0 blocking",
        "75c4b1b012", "128,456", "How strong the evidence is",
    ]  # fmt: skip
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)


def test_the_other_language_is_another_page_of_the_same_run(notebook, run):
    page = draw(notebook, run, "zh")
    shown = words(page)
    assert '<html lang="zh-CN">' in page
    for part in (
        "灯笼集市 · 2026年10月",
        "活动复盘",
        "国庆黄金周",
        "再办",
        "活动带来了什么",
        "用户",
    ):
        assert part in shown
    for part in ("What the campaign added", "Repeat the campaign", "Sixty users"):
        assert part not in shown
    assert '<a href="report.html" lang="en"' in page
    assert '<a href="report.zh.html" lang="zh-CN"' in draw(notebook, run)


def test_code_streams_and_the_setup_stay_out(notebook, run):
    page = draw(notebook, run)
    for hidden in ("secret_source_of", "UserWarning", "SETUP OUTPUT"):
        assert hidden not in page


def test_details_are_folded_under_their_own_title(notebook, run):
    page = draw(notebook, run)
    fold = re.search(r'<details class="ob-fold" id="method">(.*?)</details>', page, re.DOTALL)
    assert "<summary>How the effect was worked out</summary>" in fold[1]
    assert "Revenue by channel and week" in fold[1]
    assert '<details class="ob-fold" id="method" open>' in draw(notebook, run, printing=True)


def test_findings_lead_to_their_evidence_and_dead_links_do_not(notebook, run):
    page = draw(notebook, run)
    assert '<a href="#effect">evidence</a>' in page
    assert 'id="effect"' in page
    assert "#nowhere" not in page
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_page_loads_nothing_and_runs_one_known_script(notebook, run, code):
    page = draw(notebook, run, code, links=(("PDF", "report.pdf"),))
    assert LOADED.findall(page) == []
    assert not re.search(r"https?:|src\s*=\s*.//", page)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert html_module.unescape(policy).startswith("default-src 'none'; style-src 'unsafe-inline'")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert scripts == [script_text()]
    assert script_hash(scripts[0]) in html_module.unescape(policy)
    assert len(page.encode()) < 300_000


def test_the_pattern_for_loaded_addresses_finds_them():
    for bad in (
        '<script src="https://a.example/x.js">',
        '<link rel=stylesheet href="//a.example/x.css">',
        "url(https://a.example/f.woff2)",
        '@import "x.css"',
        "<img alt=a src=http://a.example/p.png>",
    ):
        assert LOADED.findall(bad), bad


def test_everything_from_outside_is_inert(notebook, run, tmp_path):
    payload_of(notebook, "gate")["tables"] = {EVIL: {"rows": 1, "fingerprint": EVIL}}
    for said in payload_of(notebook, "gate")["languages"].values():
        said["checks"][0]["message"] = EVIL
        said["status_reason"] = EVIL
    payload_of(notebook, "gate")["status"] = {"status": "provisional"}
    run = dataclasses.replace(
        run,
        title=EVIL,
        subject_label=EVIL,
        cycle=EVIL,
        workspace_name=EVIL,
        parameters={EVIL: EVIL},
        provenance={"git": {"commit": EVIL, "dirty": True}, "packages": {EVIL: EVIL}},
    )
    stopped = dataclasses.replace(run, error=RunError("effect_chart", EVIL, EVIL))
    for one in (run, stopped):
        for printing in (False, True):
            page = draw(notebook, one, printing=printing)
            assert page.count("<script>") == (0 if printing else 1)
            assert "<img" not in page
            assert page.count("</style>") == 1
            assert "alert" in words(body(page))


def test_outputs_without_the_payload_are_cleaned(notebook, run):
    foreign = new_code_cell("df", id="foreign")
    foreign.outputs = [
        new_output("display_data", data={"text/html": f"<table><tr><th>a</th></tr></table>{EVIL}"}),
        new_output("display_data", data={"text/markdown": f"**bold** {EVIL}"}),
        new_output("display_data", data={"text/plain": EVIL}),
        new_output("display_data", data={"image/svg+xml": f"<svg>{EVIL}</svg>"}),
        new_output(
            "display_data",
            data={"image/png": "iVBORw0KGgo=\n"},
            metadata={"image/png": {"alt": 'a "plot"'}},
        ),
        new_output("error", ename="E", evalue=EVIL, traceback=["/home/me/x.py"]),
        new_output("display_data", data={"application/javascript": "alert(1)"}),
    ]
    notebook.cells.append(foreign)
    page = draw(notebook, run)
    assert page.count("<script>") == 1
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", page)
    assert "<th>a</th>" in page
    assert "<strong>bold</strong>" in page
    assert 'src="data:image/png;base64,iVBORw0KGgo=" alt="a &#34;plot&#34;"' in page.replace(
        "&quot;", "&#34;"
    )
    assert "/home/me" not in page


def test_markdown_of_the_author_may_hold_html_but_loads_no_picture(notebook, run):
    notebook.cells.append(
        new_markdown_cell(
            "## More\n\n<b class='x'>kept</b> ![logo](https://a.example/l.png) "
            "![lost](attachment:none.png) [site](https://a.example/)",
            id="more",
        )
    )
    page = draw(notebook, run)
    assert "<b class='x'>kept</b>" in page
    assert LOADED.findall(page) == []
    assert '<a href="https://a.example/l.png">logo</a>' in page
    assert '<a href="none.png">lost</a>' in page


def test_a_stopped_run_says_where_why_and_what_was_done(notebook, run):
    error = RunError("users_table", "TableError", f"{run.root}/x: no column")
    page = draw(notebook, dataclasses.replace(run, error=error))
    shown = words(body(page))
    assert "The run stopped in “Who bought”." in shown
    assert "Reason TableError: x: no column" in shown
    assert "Finished before that Can the data be trusted? · What the campaign added" in shown
    assert "Not reached Verdict" in shown
    assert str(run.root) not in page


def test_a_run_that_no_cell_stopped_names_the_first_that_never_ran(notebook, run):
    for cell in notebook.cells[7:]:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    error = RunError(None, "Deadline", "took longer than 600 s")
    page = draw(notebook, dataclasses.replace(run, error=error))
    assert "The run stopped in “What the campaign added”." in words(page)


def test_a_run_that_stopped_at_once_is_still_a_page(notebook, run):
    page = draw(notebook, dataclasses.replace(run, error=RunError("setup", "E", "")))
    shown = words(page)
    assert "The run stopped before it was finished." in shown
    assert "Finished before that nothing" in shown


def test_invalid_numbers_are_behind_a_fold(notebook, run):
    payload = payload_of(notebook, "gate")
    payload["status"] = {"status": "invalid"}
    payload["languages"]["en"]["status_reason"] = "The split is off."
    page = draw(notebook, run)
    fold = page.index('<details class="ob-fold pg-withheld">')
    assert page.index("The split is off.") < fold < page.index('class="ob-verdict')
    assert page.index('id="ob-checks"') < fold


def test_an_invalid_report_opens_with_a_verdict_that_says_so(notebook, run):
    payload_of(notebook, "gate")["status"] = {"status": "invalid"}
    summary = payload_of(notebook, "verdict")["languages"]["en"]
    summary["verdict"] |= {"word": "INVALID", "sentence": "<b>Cannot</b> be read.", "tone": "bad"}
    page = draw(notebook, run)
    first = page[: page.index('<details class="ob-fold pg-withheld">')]
    assert "&lt;b&gt;Cannot&lt;/b&gt; be read." in first
    assert 'class="ob-decisions ob-stack ob-table"' in first
    assert 'ob-cards"' not in first


def test_the_workspaces_path_is_cut_out_of_fragments(notebook, run):
    cell = next(cell for cell in notebook.cells if cell.get("id") == "gate")
    cell.outputs[1].data["text/html"] = f"<p>read {run.root}/data/a.csv</p>"
    assert "<p>read data/a.csv</p>" in draw(notebook, run)


def test_any_notebook_can_be_exported(notebook):
    page, resources = OpsnbExporter().from_notebook_node(notebook)
    assert resources["output_extension"] == ".html"
    assert "REPEAT" in words(page)
    assert "<title>Campaign review</title>" in page
    old = [new_markdown_cell("just words"), new_code_cell("1")]
    for cell in old:
        del cell["id"]
    plain = new_notebook(cells=old, nbformat_minor=4)
    page, _ = OpsnbExporter().from_notebook_node(plain)
    assert "just words" in words(page)
    assert LOADED.findall(page) == []


def test_the_page_carries_the_glyphs_it_shows(notebook, run):
    page = draw(notebook, run, "zh")
    assert page.count("data:font/woff;") >= 2
    characters = fonts.page_characters(page)
    faces = fonts.faces(characters, chinese=True)
    assert set("活动复盘") <= faces[0].characters & faces[1].characters


def test_rare_characters_of_names_have_a_glyph_in_both_weights():
    names = frozenset("喆镕堃昇玥翀")
    own = {path.name for path in fonts.font_files().values()} | {fonts.RARE}
    drawn = [f for f in fonts.faces(names | {"王"}, chinese=True) if f.path.name in own]
    for weight in (400, 700):
        assert names <= {c for f in drawn if f.weight == weight for c in f.characters}
    assert fonts.missing_glyphs(names) == frozenset()


def test_other_languages_take_narrow_punctuation_from_a_narrow_font():
    quotes = frozenset("it’s")
    assert not any(face.ranged for face in fonts.faces(quotes, chinese=True))
    ranged = [face for face in fonts.faces(quotes, chinese=False) if face.ranged]
    assert [face.weight for face in ranged] == [400, 700]
    assert {c for face in ranged for c in face.characters} == {"’"}


@pytest.mark.parametrize("path", fonts.font_paths(), ids=lambda path: path.stem)
def test_a_cut_font_draws_what_the_whole_one_draws(path):
    whole = TTFont(path)
    held = frozenset(map(chr, whole.getBestCmap()))
    characters = frozenset("复购率留存猫粮驿站“±3%” ▲−AVATofi 1,204彧") & held or held
    cut = TTFont(io.BytesIO(fonts._subset(path, characters)))
    assert (cut.flavor, characters) == ("woff", frozenset(map(chr, cut.getBestCmap())))
    assert len(cut.getGlyphOrder()) < len(characters) + 20
    for character in characters:
        assert _outline(cut, character) == _outline(whole, character)
    for record in whole["name"].names:  # makers and licence: the licence itself asks for it
        assert cut["name"].getDebugName(record.nameID) == whole["name"].getDebugName(record.nameID)
    for text in ("AVATo", "fi 1,204"):
        if characters.issuperset(text):
            assert _shaped(fonts._cut(path, characters), text) == _shaped(path.read_bytes(), text)


def test_a_table_that_compresses_to_its_own_length_stays_as_it_is():
    tries = (bytes(range(n)) + bytes(zeros) for n in range(64) for zeros in range(64))
    table = next(data for data in tries if len(zlib.compress(data)) == len(data) and data)
    font = struct.pack(">4sHHHH4s3I", b"true", 1, 0, 0, 0, b"TEST", 0, 28, len(table)) + table
    packed = fonts._woff(font)
    assert packed[64 : 64 + len(table)] == table


def _outline(font, character):
    """Advance and contours of a character, those of its components resolved."""
    glyphs = font.getGlyphSet()
    name, pen = font.getBestCmap()[ord(character)], DecomposingRecordingPen(glyphs)
    glyphs[name].draw(pen)
    return glyphs[name].width, pen.value


def _shaped(data, text):
    """Advances and offsets of a line: they tell kerning and ligatures."""
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(hb.Font(hb.Face(data)), buffer)
    return [(p.x_advance, p.x_offset, p.y_offset) for p in buffer.glyph_positions]


def test_publishing_is_made_ready_and_does_not_mind_missing_fonts(tmp_path, monkeypatch):
    every = known_formats(Plugins())
    preparation.load(every)
    monkeypatch.setattr(fonts.resources, "fonts", lambda: tmp_path)
    preparation.load(every)  # whoever publishes says that fonts are missing


def test_a_missing_font_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts.resources, "fonts", lambda: tmp_path)
    with pytest.raises(PublishError, match=r"NotoSansSC-Regular-gb2312\.ttf: a font"):
        fonts.font_files()


def test_a_report_is_not_changed_by_drawing_it(notebook, run):
    before = copy.deepcopy(notebook)
    draw(notebook, run)
    assert notebook == before


def test_publish_writes_each_language(notebook, run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.pdf").write_text("of an earlier run")
    published = publish(notebook, run, tmp_path / "out", formats=())
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "report.html", "report.json", "brief.html",
        "report.zh.html", "report.zh.json", "brief.zh.html",
    }  # fmt: skip
    assert set(published.reports) == {"en", "zh"}
    assert MIME not in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "report.pdf" not in (tmp_path / "out" / "report.html").read_text("utf-8")
