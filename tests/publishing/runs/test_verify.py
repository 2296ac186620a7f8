"""`opsnb verify`: files against their manifest, and a report made again."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from opsnb.base.errors import PublishError
from opsnb.cli import app
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.runs.plan import plan
from opsnb.publishing.runs.run import run
from opsnb.publishing.runs.verify import compare_with_rerun, verify
from tests.publishing.runs.conftest import SEAM


@pytest.fixture
def published(make, workspace):
    """A report of one fact in two versions, and a source that the fact is read from."""
    source = workspace.root / "value.txt"
    source.write_text("5")
    make("demo", SEAM.format(value=f"int(open({str(source)!r}).read())", text="x"))
    for _ in range(2):
        planned = plan(Playbook.load("demo", workspace), {}, workspace)
        result = run(planned, workspace, formats=())
        assert result.status == "ready", result.reason
    return result.folder


def asked(root, *arguments):
    return CliRunner().invoke(app, ["-w", str(root), "verify", *arguments])


def test_an_untouched_report_is_what_was_published(published, root):
    found = verify(published)
    assert [(c.place, c.version.number, c.faults) for c in found] == [
        ("latest", 2, ()), ("versions/v2", 2, ()), ("versions/v1", 1, ()),
    ]  # fmt: skip
    result = asked(root, "2026-10/demo")
    assert result.exit_code == 0
    assert result.stdout.count("OK") == 3
    (only,) = verify(published / "versions/v1")
    assert (only.place, only.faults) == ("versions/v1", ())


def test_a_page_that_was_rewritten_is_named(published, root):
    page = published / "report.html"
    text = page.read_text("utf-8")
    page.unlink()
    page.write_text(text.replace("Demo", "Demon"), "utf-8")
    result = asked(root, "2026-10/demo")
    assert result.exit_code == 1
    assert "changed: report.html" in result.stdout
    assert result.stdout.count("OK") == 2, "the kept versions are whole"
    told = json.loads(asked(root, "2026-10/demo", "--json").stdout)
    assert told["versions"][0]["faults"] == [{"trouble": "changed", "name": "report.html"}]
    assert told["rerun"] is None


def test_made_again_it_is_the_same(published, workspace, root):
    found = compare_with_rerun(published, workspace)
    assert (found.changed, found.new, found.gone, found.same) == ((), (), (), 1)
    ledger = sorted((root / "reports").rglob("*"))
    result = asked(root, "2026-10/demo", "--rerun")
    assert result.exit_code == 0, result.stderr
    assert "every result is the same" in result.stderr
    assert sorted((root / "reports").rglob("*")) == ledger, "nothing was published"


def test_another_source_gives_another_result_and_says_so(published, workspace, root):
    (workspace.root / "value.txt").write_text("6")
    result = asked(root, "2026-10/demo/versions/v1", "--rerun")
    assert result.exit_code == 1
    assert "t.value" in result.stdout
    assert "results differ" in result.stderr


def test_a_report_that_cannot_be_verified(published, workspace, root):
    with pytest.raises(PublishError, match="there is no report here"):
        verify(root / "nothing")
    (published / "manifest.json").unlink()
    with pytest.raises(PublishError, match="no manifest"):
        verify(published)
    (workspace.root / "value.txt").write_text("no number")
    with pytest.raises(PublishError, match="made again, it stops"):
        compare_with_rerun(published, workspace)
