"""`[tables.live]` with columns and a day: a contract, a gate and errors like those of the ten."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from opsnb.analysis.tables import (
    CONTRACTS,
    Issue,
    check,
    contract_of,
    contracts_of,
    open_table,
    record_of,
    report_of,
    tables_of_people,
)
from opsnb.base.errors import OpsnbError
from opsnb.base.messages import Language
from tests.analysis.own_tables import LIVE, live_shop, sessions, users
from tests.conftest import MakeWorkspace


def issues(found: Any) -> dict[tuple[str, str | None], Issue]:
    return {(issue.rule, issue.column): issue for issue in found.issues}


def test_the_contract_that_is_declared(workspace: MakeWorkspace) -> None:
    made = live_shop(workspace)
    live = contract_of(made, "live")
    assert (live.key, live.clock, live.people) == (("session_id",), "started_at", ("user_id",))
    assert (live.day, live.moment) == ("started_date", "started_at")
    assert live.ids == ["session_id", "user_id"]
    assert live.post_treatment and not live.sampled
    assert list(contracts_of(made)) == [*CONTRACTS, "live"]
    assert "live" in tables_of_people(made)
    assert "live" not in CONTRACTS, "other workspaces have no such table"


def test_its_columns_have_the_declared_types(workspace: MakeWorkspace) -> None:
    """Ids and texts are text, whatever they look like; numbers and times are read as such."""
    text = (
        "session_id,user_id,started_at,minutes,host,region\n"
        "1001,u1,2026-10-01 08:00,12,10.1,Anhui\n"
        "1002,u2,2026-10-02 08:00,7.5,11.5,Anhui\n"
    )
    rows = open_table(workspace({"live": text}, more=LIVE), "live").expr.execute()
    assert rows.session_id.to_list() == ["1001", "1002"]
    assert rows.minutes.to_list() == [12.0, 7.5]
    assert rows.host.to_list() == ["10.1", "11.5"]
    assert rows.started_date.map(lambda day: pd.Timestamp(day).date()).to_list() == [
        dt.date(2026, 10, 1),
        dt.date(2026, 10, 2),
    ]


def test_names_are_found_in_any_case(workspace: MakeWorkspace) -> None:
    """As those of the contract: a server may fold what a file has in capitals, or the other way."""
    own = 'day = "StartedAt"\ncolumns = {StartedAt = "time", user_id = "user", n = "number"}\n'
    text = "startedat,User_ID,N\n2026-10-01 08:00,u1,3\n2026-10-02 08:00,u2,4\n"
    rows = open_table(workspace({"live": text}, more=own), "live").expr
    assert rows.columns == ("StartedAt", "user_id", "n", "StartedAt_date")


def test_the_gate_of_bad_rows(workspace: MakeWorkspace) -> None:
    """Each kind of fault once, among sound rows; what is left out is counted and so is the rest."""
    frame = sessions(users())
    frame["minutes"] = frame.minutes.astype(str)
    frame.loc[0, "session_id"] = None
    frame.loc[1, "started_at"] = pd.NaT
    frame.loc[2, "minutes"] = "about ten"
    frame.loc[3, "started_at"] = pd.Timestamp("2026-12-24 09:00")
    frame.loc[4, "session_id"] = frame.loc[5, "session_id"]
    frame.loc[6, "user_id"] = None
    frame.loc[7, "user_id"] = "NULL"
    frame.loc[8, "user_id"] = " u0001"
    frame.loc[9, "host"] = "N/A"
    twice = pd.concat([frame, frame.iloc[[20]]], ignore_index=True)
    report = report_of(live_shop(workspace, twice), "live")
    found = issues(report)
    levels = {
        ("empty_out", "session_id"): "warn",
        ("empty_out", "started_at"): "warn",
        ("misfit", "minutes"): "warn",
        ("future", "started_at"): "warn",
        ("empty", "user_id"): "note",
        ("null_words", "user_id"): "warn",
        ("word_for_nothing", "host"): "note",
        ("identical_rows", "session_id"): "warn",
        ("repeated_key", "session_id"): "block",
    }
    assert {key: found[key].level for key in levels} == levels
    assert found["empty", "user_id"].count == 2  # the word counts as empty
    assert all(found[key].count == 1 for key in levels if key != ("empty", "user_id"))
    assert report.rows == len(twice) and report.quarantined == 3
    for code in ("en", "zh"):
        assert all(Language(code).say(issue.message) for issue in report.issues)


def test_sound_rows_are_clean(workspace: MakeWorkspace) -> None:
    assert [report.issues for report in check(live_shop(workspace), ["live"])] == [()]


def test_a_teams_own_checks_count(workspace: MakeWorkspace) -> None:
    checks = """
[[tables.live.checks]]
id = "short"
where = "minutes < 5"
"""
    frame = sessions(users())
    made = live_shop(workspace, frame, own=LIVE + checks)
    [issue] = report_of(made, "live").issues
    assert (issue.rule, issue.count) == ("short", int((frame.minutes < 5).sum()))


def test_ids_that_are_not_those_of_users(workspace: MakeWorkspace) -> None:
    frame = sessions(users())
    frame["user_id"] = "crm-" + frame.user_id
    [_, live] = check(live_shop(workspace, frame), ["users", "live"])
    assert issues(live)["ids_apart", "user_id"].level == "warn"
    args = issues(live)["ids_apart", "user_id"].message.args
    assert (args["column"], args["other"], args["both"]) == ("live.user_id", "users.user_id", 0)


def test_days_stated_and_closed(workspace: MakeWorkspace) -> None:
    frame = sessions(users())
    lost = frame.started_at.dt.date.isin([dt.date(2026, 10, 7), dt.date(2026, 9, 9)])
    stated = LIVE.replace(
        "[tables.live.columns]",
        "gaps = [{start = 2026-10-07}]\nclosed = [{start = 2026-09-09}]\n"
        "recorded_from = 2026-07-05\n[tables.live.columns]",
    )
    record = record_of(live_shop(workspace, frame[~lost], own=stated), "live")
    assert record.first == dt.date(2026, 7, 5) and record.last == dt.date(2026, 11, 15)
    assert record.state(dt.date(2026, 10, 7)) == "known gap"
    assert record.state(dt.date(2026, 9, 9)) == "zero"


def test_a_collapse_at_the_end_is_said(workspace: MakeWorkspace) -> None:
    frame = sessions(users())
    last = frame.started_at >= "2026-11-08"
    kept = frame[~last | (frame.index % 20 == 0)]
    [report] = check(live_shop(workspace, kept), ["live"])
    assert ("collapse", "started_at") in issues(report)


def test_the_fingerprint_follows_rows_and_types(workspace: MakeWorkspace) -> None:
    frame = sessions(users())
    first = report_of(live_shop(workspace, frame), "live").fingerprint
    assert report_of(live_shop(workspace, frame), "live").fingerprint == first
    moved = frame.assign(minutes=frame.minutes.where(frame.index != 7, 1.0))
    assert report_of(live_shop(workspace, moved), "live").fingerprint != first
    as_text = LIVE.replace('minutes = "number"', 'minutes = "text"')
    assert report_of(live_shop(workspace, frame, own=as_text), "live").fingerprint != first


def test_further_columns_of_a_known_table(workspace: MakeWorkspace) -> None:
    """Their types are as declared, a time has a local date, a user is a person."""
    text = (
        "order_id,user_id,ordered_at,amount,sku,shipped_at,gift_to\n"
        "1,u1,2026-10-01 08:00,10,007,2026-10-02 01:00,u2\n"
        "2,u1,2026-10-01 09:00,10,7e0,2026-10-03 01:00,\n"
    )
    more = '[tables.orders.columns]\nsku = "id"\nshipped_at = "time"\ngift_to = "user"\n'
    made = workspace({"orders": text}, more=more)
    contract = contract_of(made, "orders")
    assert contract.people == ("user_id", "gift_to") and contract.key == ("order_id",)
    rows = open_table(made, "orders").expr.execute()
    assert rows.sku.to_list() == ["007", "7e0"]
    assert [f"{day:%m-%d}" for day in rows.shipped_date] == ["10-02", "10-03"]


COLUMNS = 'columns = {session_id = "id", user_id = "user", started_at = "time", minutes = "number"}'

BAD: dict[str, tuple[str, str, str]] = {
    "unknown type": (
        'day = "started_at"\ncolumns = {started_at = "time", minutes = "numbr"}',
        "opsnb.toml: tables.live.columns.minutes",
        'unknown type "numbr". Fix: did you mean "number"?',
    ),
    "type of no kind": (
        'day = "started_at"\ncolumns = {started_at = "time", minutes = 3}',
        "opsnb.toml: tables.live.columns.minutes",
        '3 is no type. Fix: name = "number"',
    ),
    "unknown key of a column": (
        'day = "a"\ncolumns = {a = {type = "time", requird = true}}',
        "opsnb.toml: tables.live.columns.a.requird",
        'did you mean "required"?',
    ),
    "no columns": (
        'day = "started_at"\ncolumns = {}',
        "opsnb.toml: tables.live.columns",
        "must name columns with their types",
    ),
    "day without columns": (
        'day = "started_at"',
        "opsnb.toml: tables.live.day",
        "name its columns and their types under columns, or remove the line",
    ),
    "no day": (
        COLUMNS,
        "opsnb.toml: tables.live",
        'has no day. Fix: write day = "started_at"; a list without days',
    ),
    "a list without a time": (
        'columns = {shop_id = "id"}',
        "opsnb.toml: tables.live",
        "has no day. Fix: name a column of type time or date as day; a list without days",
    ),
    "day is no column": (
        f'day = "start_at"\n{COLUMNS}',
        "opsnb.toml: tables.live.day",
        '"start_at" is no column. Fix: did you mean "started_at"?',
    ),
    "day is no time": (
        f'day = "minutes"\n{COLUMNS}',
        "opsnb.toml: tables.live.day",
        '"minutes" is of type number, which has no day. Fix: write minutes = "time"',
    ),
    "key is no column": (
        f'day = "started_at"\nkey = ["session"]\n{COLUMNS}',
        "opsnb.toml: tables.live.key",
        '"session" is no column. Fix: did you mean "session_id"?',
    ),
    "user_id of another type": (
        'day = "a"\ncolumns = {a = "time", user_id = "id"}',
        "opsnb.toml: tables.live.columns.user_id",
        'names people. Fix: write user_id = "user"',
    ),
    "user_id in another spelling": (
        'day = "a"\ncolumns = {a = "time", User_ID = "user"}',
        "opsnb.toml: tables.live.columns.User_ID",
        'is user_id in another spelling. Fix: write user_id = "user"',
    ),
    "user by another name": (
        'day = "started_at"\ncolumns = {started_at = "time", host = "user"}',
        "opsnb.toml: tables.live.columns",
        "write sql = 'select *, host as user_id from live' for table, and user_id = \"user\"",
    ),
    "column that the table lacks": (
        f'day = "started_at"\n{COLUMNS.replace("minutes", "minuts")}',
        "tables.live",
        (
            "lacks minuts. Fix: correct the name under columns, or map it in sql (select ... as "
            'minuts). minuts: did you mean "minutes"?'
        ),
    ),
    "user_id that is not declared": (
        'day = "started_at"\ncolumns = {started_at = "time"}',
        "tables.live.columns",
        'lacks user_id, which the table has. Fix: add user_id = "user"',
    ),
}  # fmt: skip


def failing(workspace: MakeWorkspace, own: str, name: str = "live") -> str:
    with pytest.raises(OpsnbError) as raised:
        open_table(workspace({name: sessions(users(20), 1)}, more=own + "\n"), name)
    return str(raised.value)


@pytest.mark.parametrize("kind", BAD)
def test_mistakes_say_where_and_how_to_mend_them(workspace: MakeWorkspace, kind: str) -> None:
    own, where, said = BAD[kind]
    text = failing(workspace, own)
    assert text.startswith(f"{where}: ") and said in text


def test_a_name_that_is_taken(workspace: MakeWorkspace) -> None:
    own = f'day = "started_at"\n{COLUMNS}'
    text = failing(workspace, own, "Orders")
    assert "opsnb.toml: tables.Orders: is orders but for its capitals" in text
    assert "Fix: write [tables.orders], or choose another name" in text


def test_a_known_table_keeps_its_day_and_its_columns(workspace: MakeWorkspace) -> None:
    text = failing(workspace, 'day = "started_at"\ncolumns = {started_at = "time"}', "orders")
    assert "opsnb.toml: tables.orders: opsnb knows the day of orders" in text
    text = failing(workspace, 'columns = {amount = "text", minutes = "number"}', "orders")
    assert "opsnb.toml: tables.orders.columns: opsnb knows amount of orders" in text
    assert "Fix: remove amount" in text


def test_a_name_that_nobody_knows_may_become_ones_own(workspace: MakeWorkspace) -> None:
    text = failing(workspace, "", "live")
    assert 'the contract has no table "live"' in text
    assert "for a table of your own, give [tables.live] columns and a day" in text
    with pytest.raises(OpsnbError, match='did you mean "live"'):
        open_table(live_shop(workspace), "lve")


@pytest.mark.parametrize(
    ("own", "mended"),
    [
        (BAD["no day"][0], 'day = "started_at"\n' + BAD["no day"][0]),
        (
            BAD["user_id that is not declared"][0],
            'day = "started_at"\ncolumns = {started_at = "time", user_id = "user"}',
        ),
        (
            f'day = "start_at"\n{COLUMNS}',
            f'day = "started_at"\n{COLUMNS}',
        ),
    ],
)
def test_the_fixes_work(workspace: MakeWorkspace, own: str, mended: str) -> None:
    failing(workspace, own)
    made = workspace({"live": sessions(users(20), 1)}, more=mended + "\n")
    assert open_table(made, "live").expr.count().execute() > 0


@pytest.mark.parametrize("viewer", ["viewer", "观众", "the viewer"])
def test_the_fix_of_a_user_by_another_name_works(workspace: MakeWorkspace, viewer: str) -> None:
    frame = sessions(users(20), 1).rename(columns={"user_id": viewer})
    own = f'day = "started_at"\ncolumns = {{started_at = "time", "{viewer}" = "user"}}\n'
    made = workspace({"live": frame}, more=own)
    with pytest.raises(OpsnbError, match="must be called user_id") as raised:
        open_table(made, "live")
    fix = str(raised.value).partition("write ")[2].partition(" for table")[0]
    file = made.root / "opsnb.toml"
    text = file.read_text(encoding="utf-8").replace('table = "live"', fix)
    file.write_text(text.replace('"user"}', '"user", user_id = "user"}'), encoding="utf-8")
    again = type(made).load(made.root)
    assert contract_of(again, "live").people == ("user_id", viewer)
    rows = open_table(again, "live").expr.execute()
    assert (rows.user_id == rows[viewer]).all()


def test_names_of_local_dates(workspace: MakeWorkspace) -> None:
    """`started_date` of started_at; where the table has such a column, `started_at_date`."""
    frame = sessions(users(20), 1).assign(started_date="early", ends=pd.Timestamp("2026-10-02"))
    own = 'day = "started_at"\ncolumns = {started_at = "time", user_id = "user", ends = "time"}\n'
    made = workspace({"live": frame}, more=own)
    with pytest.raises(OpsnbError) as raised:
        open_table(made, "live")
    assert 'Fix: add started_date = "date"' in str(raised.value)
    mended = own.replace('ends = "time"', 'ends = "time", started_date = "text"')
    made = workspace({"live": frame}, more=mended)
    live = contract_of(made, "live")
    assert live.day == "started_at_date" and live.dates["ends_date"] == "ends"
    assert open_table(made, "live").expr.started_date.execute().eq("early").all()


def test_labels_are_words_of_the_languages(workspace: MakeWorkspace) -> None:
    made = live_shop(workspace)
    said = {
        c: [made.speak(c).text(k) for k in ("table.live", "dimension.host")] for c in ("en", "zh")
    }
    assert said == {"en": ["live sessions", "Host"], "zh": ["直播场次", "主播"]}
    assert made.speak("en").text("dimension.region") == Language("en").text("dimension.region")


def test_one_column_has_one_label(workspace: MakeWorkspace) -> None:
    other = '\n[tables.shows]\nsource = "here"\ntable = "live"\nday = "started_at"\n'
    columns = '[tables.shows.columns]\nstarted_at = "time"\nhost = {type = "text", label = "MC"}\n'
    with pytest.raises(OpsnbError) as raised:
        live_shop(workspace, own=LIVE + other + columns)
    assert "tables.shows.columns.host.label: is not the label that host has in tables.live" in str(
        raised.value
    )
