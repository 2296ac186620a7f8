"""opsnb.toml as a typed object, and every mistake in it at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from opsnb.analysis.sources import open_source
from opsnb.base.credentials import expand
from opsnb.base.errors import PeriodError, SourceError, WorkspaceError
from opsnb.base.workspace import Workspace

HEAD = '[workspace]\nname = "Shop"\ntimezone = "Asia/Shanghai"\ncurrency = "CNY"\n'


def write(folder: Path, text: str, name: str = "opsnb.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def failure(folder: Path, text: str) -> str:
    write(folder, text)
    with pytest.raises(WorkspaceError) as error:
        Workspace.load(folder)
    return str(error.value)


def documented() -> str:
    """The opsnb.toml that docs/data.md shows."""
    lines = (Path(__file__).parents[3] / "docs/data.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("    [workspace]")
    end = next(i for i in range(start, len(lines)) if lines[i] and not lines[i].startswith("    "))
    return "\n".join(line[4:] for line in lines[start:end])


def test_the_documented_file_loads(tmp_path: Path) -> None:
    write(tmp_path, documented())
    workspace = Workspace.load(tmp_path)
    assert workspace.root == tmp_path.resolve()
    assert (workspace.name, workspace.timezone, workspace.currency) == (
        "Lantern Market",
        "Asia/Shanghai",
        "CNY",
    )
    assert workspace.languages == ["en", "zh"]
    assert workspace.as_of == dt.date(2026, 11, 16)
    assert workspace.gross_margin == 0.35
    assert workspace.refund_window_days == 14
    assert workspace.owner == "Li Na"
    assert workspace.tables["orders"].checks[0].label == {
        "en": "cancellation lines",
        "zh": "取消行",
    }
    assert workspace.cycles["month"][0].for_each == "campaign"
    assert workspace.accessible
    assert workspace.reports == tmp_path.resolve() / "reports"
    assert workspace.messages_folder == tmp_path.resolve() / "messages"


def test_defaults(tmp_path: Path) -> None:
    write(tmp_path, HEAD)
    workspace = Workspace.load(tmp_path)
    assert workspace.languages == ["en"]
    assert workspace.country is None
    assert workspace.sources == workspace.tables == workspace.metrics == workspace.cycles == {}
    assert abs(workspace.as_of - dt.datetime.now(dt.UTC).date()) <= dt.timedelta(days=1)
    assert workspace.speak("zh").say(workspace.owner) == "运营负责人"
    assert workspace.speak().currency == "CNY"


def test_the_primary_language_comes_first(tmp_path: Path) -> None:
    write(tmp_path, HEAD + 'language = "zh"\nlanguages = ["en", "zh"]\n')
    assert Workspace.load(tmp_path).languages == ["zh", "en"]


def test_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, HEAD)
    deep = tmp_path / "plans" / "campaigns"
    deep.mkdir(parents=True)
    monkeypatch.delenv("OPSNB_WORKSPACE", raising=False)
    monkeypatch.chdir(deep)
    assert Workspace.load().root == tmp_path.resolve()
    assert Workspace.load(file).root == Workspace.load(str(tmp_path)).root == tmp_path.resolve()
    other = tmp_path / "other"
    write(other, HEAD.replace("Shop", "Other"))
    monkeypatch.setenv("OPSNB_WORKSPACE", str(other))
    assert Workspace.load().name == "Other"
    monkeypatch.setenv("OPSNB_WORKSPACE", str(tmp_path / "gone"))
    with pytest.raises(WorkspaceError, match=r"OPSNB_WORKSPACE: .*gone: no opsnb.toml here"):
        Workspace.load()


def test_no_workspace_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSNB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError, match="opsnb init"):
        Workspace.load()
    with pytest.raises(WorkspaceError, match=r"no opsnb\.toml here"):
        Workspace.load(tmp_path / "nowhere")


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    said = failure(
        tmp_path,
        """
[workspace]
name = "Shop"
timezone = "Asia/Shangai"
curency = "CNY"
language = "zn"
week_start = "mondy"
as_of = "2026-11-31"
fiscal_month_start = true
gross_margin = "0.35"
owner = {en = "Li Na", cn = "李娜"}
[sources.shop]
url = "duckdb://data/shop.duckdb"
[tables.orders]
source = "shop"
grain = "lines"
[[tables.orders.checks]]
id = "Bad Id"
[[cycles.month]]
playbook = "x"
for_each = "campain"
[[cycles.months]]
playbook = "x"
""",
    )
    for part in (
        'workspace.timezone: unknown time zone "Asia/Shangai". Fix: did you mean "Asia/Shanghai"?',
        'workspace.currency: is missing. Fix: write currency = "CNY"',
        'workspace.curency: unknown key. Fix: did you mean "currency"?',
        'workspace.language: unknown language "zn". Fix: known languages: en, zh',
        "workspace.week_start: cannot be 'mondy'. Fix: did you mean \"monday\"?",
        'workspace.as_of: "2026-11-31" is no date. Fix: write 2026-10-01',
        "workspace.fiscal_month_start: should be a valid integer, not True. Fix: write 1",
        (
            "workspace.gross_margin: should be a valid number, not '0.35'. "
            "Fix: numbers stand without quotes: write gross_margin = 0.35"
        ),
        'workspace.owner.cn: unknown language "cn"',
        "tables.orders.grain: cannot be 'lines'. Fix: did you mean \"line\"?",
        "tables.orders.checks[1].where: is missing",
        "tables.orders.checks[1].id:",
        "cycles.month[1].for_each: cannot be 'campain'. Fix: did you mean \"campaign\"?",
        'cycles.months: unknown key. Fix: did you mean "month"?',
    ):
        assert part in said
    assert said.startswith("opsnb.toml: 14 things are wrong")


def test_what_only_the_whole_file_tells(tmp_path: Path) -> None:
    said = failure(
        tmp_path,
        HEAD
        + """
[sources.shop]
url = "duckdb://x.duckdb"
[tables.orders]
source = "shp"
table = "orders"
[tables.users]
source = "shop"
table = "users"
grain = "line"
[tables."my table"]
source = "shop"
table = "t"
""",
    )
    assert 'tables.orders.source: no source "shp". Fix: did you mean "shop"?' in said
    assert "tables.users.grain: only orders has a grain" in said
    assert 'tables.my table: "my table" is no usable name' in said


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ("languages = ['zh']", 'lacks the primary language "en"'),
        ('[tables.users]\nsource = "s"', "has neither table nor sql"),
        ('[tables.users]\nsource = "s"\ntable = "a"\nsql = "b"', "has both table and sql"),
        ('[sources.s]\nurl = "x"\nmemory_limit = "lots"', "sources.s.memory_limit"),
        ("currency = 'CNY'", "is not valid TOML"),
        ("country = 'China'", "workspace.country"),
        (
            "[report]\nformats = []",
            'report.formats: names no format. Fix: write formats = ["html"]',
        ),
        (
            "[report]\nformats = [1]",
            'formats[1]: should be a valid string, not 1. Fix: write formats = ["html", "pdf"]',
        ),
        ("[plugins]\noff = [1]", 'not 1. Fix: write off = ["acme"]'),
    ],
)
def test_single_mistakes(tmp_path: Path, more: str, part: str) -> None:
    assert part in failure(tmp_path, f"{HEAD}{more}\n")


def test_unknown_currency(tmp_path: Path) -> None:
    assert 'unknown currency "RMB"' in failure(tmp_path, HEAD.replace("CNY", "RMB"))


def test_a_label_must_be_a_text(tmp_path: Path) -> None:
    assert "workspace.name: must be a text" in failure(tmp_path, HEAD.replace('"Shop"', "3"))


def test_repeated_check_ids(tmp_path: Path) -> None:
    check = '[[tables.users.checks]]\nid = "odd"\nwhere = "1 = 1"\n'
    table = '[sources.s]\nurl = "csv://x"\n[tables.users]\nsource = "s"\ntable = "u"\n'
    assert 'has the id "odd" twice' in failure(tmp_path, HEAD + table + check * 2)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "opsnb.toml").write_bytes("名 = 1".encode("gb18030"))
    with pytest.raises(WorkspaceError, match="is not in UTF-8"):
        Workspace.load(tmp_path)


def test_metrics_of_both_files(tmp_path: Path) -> None:
    write(tmp_path, HEAD + '[metrics.aov]\nkind = "ratio"\n')
    write(tmp_path, '[visits]\nkind = "count"\n', "metrics.toml")
    assert Workspace.load(tmp_path).metrics == {
        "aov": {"kind": "ratio"},
        "visits": {"kind": "count"},
    }
    write(tmp_path, 'kind = "count"\n[aov]\nkind = "sum"\n', "metrics.toml")
    with pytest.raises(WorkspaceError) as error:
        Workspace.load(tmp_path)
    assert "kind: is no metric" in str(error.value)
    assert "aov: is defined in opsnb.toml as well" in str(error.value)


def test_environment_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DB", "shop")
    monkeypatch.delenv("SHOP_DAY", raising=False)
    write(
        tmp_path,
        HEAD
        + '[sources.s]\nurl = "duckdb://${SHOP_DB}.duckdb"\n[tables.orders]\nsource = "s"\n'
        + "sql = \"select * from o where d > '${SHOP_DAY:-2026-01-01}'; \"\n",
    )
    workspace = Workspace.load(tmp_path)
    assert workspace.sources["s"].expanded_url == "duckdb://shop.duckdb"
    query = workspace.tables["orders"].expanded_sql
    assert query == "select * from o where d > '2026-01-01'"
    monkeypatch.delenv("SHOP_DB")
    with pytest.raises(
        WorkspaceError, match=r"sources.s.url: .*SHOP_DB is not set.*export SHOP_DB"
    ):
        open_source(workspace, "s")
    assert expand("${SHOP_DB:-}x", "") == "x"


def test_unknown_source(tmp_path: Path) -> None:
    write(tmp_path, HEAD + '[sources.shop]\nurl = "csv://x"\n')
    with pytest.raises(SourceError, match='did you mean "shop"'):
        open_source(Workspace.load(tmp_path), "shpo")


def test_periods_follow_the_workspace(tmp_path: Path) -> None:
    write(tmp_path, HEAD + "fiscal_month_start = 4\nas_of = 2026-11-16\n")
    workspace = Workspace.load(tmp_path)
    assert workspace.period("2026-Q1").start == dt.date(2025, 4, 1)
    assert workspace.period("latest", "month").key == "2026-10"
    with pytest.raises(PeriodError):
        workspace.period("2026-13")
