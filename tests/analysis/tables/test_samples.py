"""Who has to mend a mapping sees the values that broke a rule, and where they stand."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pandas as pd

from opsnb.analysis.tables import Issue, check
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace

ORDERS = """order_id,user_id,ordered_at,amount,status
1,a,2026-10-01 10:00:00,20.5,paid
2,b,soon,20.5,Erledigt
3,c,2026-10-03 10:00:00,12 Taler,erledigt
4,d,2026-10-04 10:00:00,tbd,paid
5,e,2026-10-05 10:00:00,tbd,offen
"""


def found(workspace: Workspace, name: str = "orders") -> dict[tuple[str, str | None], Issue]:
    [report] = check(workspace, [name])
    return {(issue.rule, issue.column): issue for issue in report.issues}


def test_values_are_shown_as_they_stood_with_their_rows(
    workspace: Callable[..., Workspace],
) -> None:
    issues = found(workspace({"orders": ORDERS}))
    amounts = issues["misfit_out", "amount"]
    assert amounts.values == (("tbd", 2), ("12 Taler", 1)), "the most frequent first"
    assert [row["amount"] for row in amounts.sample] == ["12 Taler", "tbd", "tbd"]
    assert [row["order_id"] for row in amounts.sample] == ["3", "4", "5"], "and the key"
    assert amounts.places == ("data/orders.csv:4", "data/orders.csv:5", "data/orders.csv:6")
    assert issues["misfit_out", "ordered_at"].values == (("soon", 1),)


def test_unknown_words_are_listed_as_they_are_written(workspace: Callable[..., Workspace]) -> None:
    sound = ORDERS.replace("soon", "2026-10-02 10:00:00").replace("12 Taler", "12")
    issue = found(workspace({"orders": sound.replace("tbd", "7")}))["unknown_value", "status"]
    assert dict(issue.values) == {"Erledigt": 1, "erledigt": 1, "offen": 1}
    assert "when 'Erledigt' then 'paid'" in issue.fix(Language("en"))


def test_of_a_database_the_key_says_which_row(workspace: Callable[..., Workspace]) -> None:
    frame = pd.DataFrame(
        {"order_id": ["1", "2"], "user_id": ["a", "b"], "ordered_at": ["2026-10-01", "soon"],
         "amount": [1.0, 2.0]}
    )  # fmt: skip
    issue = found(workspace({"orders": frame}))["misfit_out", "ordered_at"]
    assert issue.sample[0]["order_id"] == "2"
    assert issue.places == ()


def test_lines_are_found_behind_a_query(workspace: Callable[..., Workspace]) -> None:
    """Of packed files and folders too; a row whose values a query changed has no line."""
    made = workspace({"orders": ORDERS})
    text = (made.root / "opsnb.toml").read_text()
    folder = made.root / "data/sales"
    folder.mkdir()
    with gzip.open(folder / "b.csv.gz", "wt") as file:
        file.write(ORDERS.replace("\n4", "\n14").replace("\n5", "\n15"))
    (made.root / "data/orders.csv").rename(folder / "a.csv")
    sql = (
        'sql = "select distinct on (order_id) order_id, user_id, ordered_at, amount, '
        'upper(status) as status from sales"'
    )
    (made.root / "opsnb.toml").write_text(text.replace('table = "orders"', sql))
    issues = found(Workspace.load(made.root))
    places = issues["misfit_out", "amount"].places
    assert set(places) <= {
        *(f"data/sales/a.csv:{n}" for n in (4, 5, 6)),
        *(f"data/sales/b.csv.gz:{n}" for n in (4, 5, 6)),
    }
    assert len(set(places)) == len(places) == 5
    text = (made.root / "opsnb.toml").read_text()
    changed = text.replace("(order_id) order_id,", "(order_id) 'n' || order_id as order_id,")
    (made.root / "opsnb.toml").write_text(changed)
    assert found(Workspace.load(made.root))["misfit_out", "amount"].places == ()


def test_what_is_personal_is_masked(workspace: Callable[..., Workspace]) -> None:
    users = (
        "user_id,registered_at,channel,customer_name\n"
        "1,yesterday 13800138000,a,Li Na\n2,2026-10-01 10:00:00,b,Bob\n"
    )
    more = '[[tables.users.checks]]\nid = "bob"\nwhere = "customer_name = \'Bob\'"\n'
    issues = found(workspace({"users": users}, more=more), "users")
    said = str([issue.as_dict(Language("en")) for issue in issues.values()])
    assert "13800138000" not in said
    assert "yesterday ***" in said


def test_a_sound_table_has_none(workspace: Callable[..., Workspace]) -> None:
    sound = "order_id,user_id,ordered_at,amount,status\n1,a,2026-10-01 10:00:00,5,PAID\n"
    issues = found(workspace({"orders": sound}))
    assert not [issue for issue in issues.values() if issue.values or issue.sample]
