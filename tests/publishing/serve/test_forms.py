"""What people enter in the browser is what `opsnb actions` would have written."""

from __future__ import annotations

import json
import re
import time
import tomllib

import pytest

from opsnb.base.workspace import Workspace
from opsnb.publishing.serve import Server
from tests.publishing.serve.conftest import NOTES


def ledger(root):
    return Workspace.load(root).ledger


def entry_of(root, kind, title):
    return next(e for e in ledger(root).entries(kind) if e.title == title)


def test_the_static_pages_have_no_forms_and_the_served_ones_do(client, root):
    static = client.server.pages().catalogue.write()
    assert all("<form" not in p.read_text("utf-8") for p in static if "index" not in p.name)
    page = client.get("/actions.html")
    assert page.status == 200
    assert {'action="/actions/add"', 'action="/actions/close"', 'action="/decisions/close"'} <= set(
        re.findall(r'action="[^"]*"', page.text)
    )
    assert "记录决策" in client.get("/actions.zh.html").words
    assert client.get("/").headers["Location"] == "/index.html"


def test_an_action_is_added_closed_and_opened_again(client, root):
    fields = {"title": " Call the provider ", "owner": "Li Na", "due": "2026-11-20",
              "cycle": "2026-10", "language": "zh", "about": "golden_week"}  # fmt: skip
    answer = client.send("/actions/add", fields)
    assert (answer.status, answer.headers["Location"]) == (
        303, "/actions.zh.html?said=added#actions",
    )  # fmt: skip
    added = entry_of(root, "action", "Call the provider")
    assert added.subject == "golden_week"
    assert (added.owner, str(added.due), added.cycle, added.touched) == (
        "Li Na", "2026-11-20", "2026-10", True,
    )  # fmt: skip
    shown = client.get("/actions.zh.html?said=added")
    assert "✓ 行动已记入台账。" in shown.words
    closing = {"id": added.id, "status": "done", "on": "2026-11-19", "note": "called"}
    assert client.send("/actions/close", closing).status == 303
    closed = entry_of(root, "action", "Call the provider")
    assert (closed.state, str(closed.closed), closed.note) == ("done", "2026-11-19", "called")
    assert client.send("/actions/reopen", {"id": added.id}).status == 303
    assert entry_of(root, "action", "Call the provider").state == "open"


def test_a_decision_is_recorded(client, root):
    asked = entry_of(root, "decision", "Which arm?")
    refused = client.send("/decisions/close", {"id": asked.id, "status": "done", "note": " "})
    assert refused.status == 422
    assert "Nothing was saved. answer: the answer is missing. Fix: say what" in refused.words
    made = client.send("/decisions/close", {"id": asked.id, "status": "done", "note": "The new"})
    assert made.status == 303
    decided = entry_of(root, "decision", "Which arm?")
    assert (decided.state, decided.note) == ("done", "The new")
    assert "✓ done Which arm? → The new" in client.get("/actions.html").words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": " "}, "title: the title is empty"),
        ({"title": "x", "due": "soon"}, 'due: "soon" is no date'),
        ({"title": "x", "cycle": "2026-13"}, "2026-13"),
        ({"title": "x" * 301}, "the text has 301 characters, 300 at most"),
    ],
)
def test_a_mistake_keeps_what_was_entered_and_writes_nothing(client, root, fields, said):
    before = [entry.id for entry in ledger(root).entries()]
    answer = client.send("/actions/add", {"owner": 'O"Hara <b>', **fields})
    assert answer.status == 422
    assert said in answer.words
    assert 'value="O&#34;Hara &lt;b&gt;"' in answer.text
    assert [entry.id for entry in ledger(root).entries()] == before


def test_an_id_that_is_not_there(client):
    answer = client.send("/actions/close", {"id": "a-nothing", "status": "done"})
    assert answer.status == 422
    assert 'there is no action "a-nothing"' in answer.words


def test_what_was_entered_is_shown_as_text(client, root):
    evil = "<img src=x onerror=alert(1)>{{7*7}}"
    client.send("/actions/add", {"title": evil})
    page = client.get("/actions.html").text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;{{7*7}}" in page


def test_the_static_catalogue_follows(client, root):
    client.send("/actions/add", {"title": "Seen by all", "cycle": "2026-10"})
    static = root / "reports/actions.zh.html"
    for _ in range(100):
        if static.is_file() and "Seen by all" in static.read_text("utf-8"):
            break
        time.sleep(0.1)
    assert "Seen by all" in static.read_text("utf-8")
    assert "<form" not in static.read_text("utf-8")


# -- the review notes ----------------------------------------------------------------------


def form_of(page: str) -> list[tuple[str, str]]:
    """The fields of the notes' form as a browser would send them unchanged."""
    from html import unescape

    form = page[page.index("<form") : page.index("</form>")]
    found = []
    for tag in re.finditer(
        r"<input [^>]*>|<textarea [^>]*>(.*?)</textarea>|<select .*?</select>", form, re.DOTALL
    ):
        name = re.search(r'name="([^"]*)"', tag[0])[1]
        if tag[0].startswith("<textarea"):
            value = tag[1]
        elif tag[0].startswith("<select"):
            value = re.search(r'value="([^"]*)" selected', tag[0])[1]
        else:
            value = re.search(r'value="([^"]*)"', tag[0])[1]
        found.append((name, unescape(value)))
    return [row for row in found if row[0] != "csrf"]


def test_notes_that_are_sent_unchanged_leave_the_file_alone(client, root):
    page = client.get("/notes/golden_week.zh.html")
    assert "五个为什么" in page.words
    answer = client.send("/notes/golden_week", form_of(page.text))
    assert answer.status == 303, answer.words
    assert (root / "plans/notes/golden_week.toml").read_text("utf-8") == NOTES


def test_notes_are_filled_in_and_keep_comments_and_the_other_language(client, root):
    page = client.get("/notes/golden_week.html").text
    fields = form_of(page)
    whys = iter(["Why was it so dear?", "Why no cap?", "Why a copy?", "", "", ""])
    fields = [(n, next(whys) if n == "why" else v) for n, v in fields]
    fields = [(n, "One\n\n Two \r\n" if n == "lessons" else v) for n, v in fields]
    titles = iter(["Cap the coupon", "Hold out a fifth", ""])
    owners, dues = iter(["Zhao Min", "Li Na", ""]), iter(["2026-12-15", "2026-12-01", ""])
    for name, new in (("title", titles), ("owner", owners), ("due", dues)):
        fields = [(n, next(new) if n == name else v) for n, v in fields]
    answer = client.send("/notes/golden_week", fields)
    assert answer.headers["Location"] == "/notes/golden_week.html?said=saved", answer.words
    text = (root / "plans/notes/golden_week.toml").read_text("utf-8")
    assert text.startswith("# Written by the team.")
    kept = tomllib.loads(text)
    assert kept["why"] == [
        {"en": "Why was it so dear?", "zh": "为什么贵？"}, "Why no cap?", "Why a copy?",
    ]  # fmt: skip
    assert kept["lessons"] == ["One", "Two"]
    assert kept["went_well"] == ["Stock held"]
    assert kept["actions"][0]["title"] == {"en": "Cap the coupon", "zh": "优惠券限领"}
    assert str(kept["actions"][0]["due"]) == "2026-12-15"
    assert kept["actions"][1]["title"] == "Hold out a fifth"
    shown = client.get("/notes/golden_week.html?said=saved").words
    assert "The notes were saved in plans/notes/golden_week.toml" in shown


def test_the_first_notes_of_a_campaign_make_the_file(client, root):
    path = root / "plans/notes/golden_week.toml"
    path.unlink()
    fields = form_of(client.get("/notes/golden_week.html").text)
    fields = [("why", "Why?") if row == ("why", "") else row for row in fields]
    assert client.send("/notes/golden_week", fields).status == 303
    assert tomllib.loads(path.read_text("utf-8")) == {"why": ["Why?"] * 5}
    fields = form_of(client.get("/notes/golden_week.html").text)
    cleared = [(n, "" if n == "why" else v) for n, v in fields]
    assert client.send("/notes/golden_week", cleared).status == 303
    assert tomllib.loads(path.read_text("utf-8")) == {}


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(client, root):
    fields = form_of(client.get("/notes/golden_week.html").text)
    path = root / "plans/notes/golden_week.toml"
    path.write_text(NOTES + "# by a colleague\n", "utf-8")
    fields = [("lucky", "kept in the form") if n == "lucky" else (n, v) for n, v in fields]
    answer = client.send("/notes/golden_week", fields)
    assert answer.status == 422
    assert "the file was changed since this form was opened" in answer.words
    assert "kept in the form" in answer.text
    assert path.read_text("utf-8") == NOTES + "# by a colleague\n"


def test_notes_that_the_report_could_not_read_are_refused(client, root):
    fields = form_of(client.get("/notes/golden_week.html").text)
    fields = [("due", "soon") if n == "due" and v else (n, v) for n, v in fields]
    answer = client.send("/notes/golden_week", fields)
    assert answer.status == 422
    assert '"soon" is no date' in answer.words
    assert (root / "plans/notes/golden_week.toml").read_text("utf-8") == NOTES


def test_the_campaigns_page_leads_to_the_notes(client):
    assert 'href="/notes/golden_week.html"' in client.get("/campaigns.html").text
    assert client.get("/notes/unknown.html").status == 404


# -- reports and versions ------------------------------------------------------------------


def test_versions_are_served_and_compared(client, root):
    assert client.get("/2026-10/month/report.html").text == "<p>Friday</p>"
    assert client.get("/2026-10/month/versions/v1/report.html").text == "<p>Tuesday</p>"
    record = client.get("/2026-10/month/report.json")
    assert record.headers["Content-Type"] == "application/json"
    assert json.loads(record.body)["cycle"] == "2026-10"
    page = client.get("/index.html").text
    address = re.search(r'href="(/diff\.html\?[^"]*)"', page)[1].replace("&amp;", "&")
    assert "Every result that both reports hold is the same." in client.get(address).words
    assert client.get("/diff.html?before=2026-10/month&after=../..").status == 404


def test_a_workspace_that_breaks_meanwhile_says_so(client, root):
    (root / "opsnb.toml").write_text("[workspace", "utf-8")
    answer = client.get("/actions.html")
    assert answer.status == 422
    assert "opsnb.toml" in answer.words
    assert str(root) not in answer.text


def test_two_servers_do_not_share_a_session(client, root):
    other = Server(root, port=0)
    try:
        assert other.guard.cookie != client.server.guard.cookie
        assert not other.guard.is_session(client.server.guard.session)
    finally:
        other.sockets[0].close()
