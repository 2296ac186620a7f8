"""`opsnb map`: a team's own files and databases become an opsnb.toml that runs."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from opsnb.analysis.tables import open_table
from opsnb.base.workspace import Workspace
from opsnb.cli import app

ORDERS = """\
orderNo,memberId,purchaseTime,grandTotal,orderState,cardholderName
{rows}
"""
STATES = ("paid", "refunded", "cancelled", "delivered")


def english(n: int = 60) -> str:
    rows = "\n".join(
        f"A-{1000 + k},m{k % 17},2026-0{1 + k % 6}-{1 + k % 28:02d} 1{k % 10}:20:00,"
        f"{20 + k * 1.25:.2f},{STATES[k % 4]},Person {k}"
        for k in range(n)
    )
    return ORDERS.format(rows=rows)


def members(n: int = 17) -> str:
    rows = "".join(f"m{k},2025-0{1 + k % 9}-11,app,user{k}@example.com\n" for k in range(n))
    return "member_id,signup_date,acquisition_channel,mail\n" + rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPSNB_WORKSPACE", raising=False)
    return tmp_path


def call(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["map", *arguments], input=typed, prog_name="opsnb")


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8")


def sql_of(folder: Path, table: str) -> str:
    return str(tomllib.loads((folder / "opsnb.toml").read_text("utf-8"))["tables"][table]["sql"])


def test_english_files_are_mapped_and_run(folder: Path) -> None:
    put(folder, sales=english(), crm_members=members())
    result = call("data")
    assert result.exit_code == 0, result.output
    workspace = Workspace.load(folder)
    assert set(workspace.tables) == {"orders", "users"}
    orders = open_table(workspace, "orders").expr.execute()
    assert len(orders) == 60
    assert orders.amount.sum() == pytest.approx(sum(round(20 + k * 1.25, 2) for k in range(60)))
    # delivered was paid, and 15 of 60 were cancelled
    assert dict(orders.status.value_counts()) == {"paid": 30, "refunded": 15, "cancelled": 15}
    users = open_table(workspace, "users").expr.execute()
    assert set(users.columns) >= {"user_id", "registered_at", "channel"}
    assert set(orders.user_id) == set(users.user_id)


def test_what_is_personal_stands_in_no_comment(folder: Path) -> None:
    put(
        folder,
        sales=english().replace("memberId", "customer email").replace(",m", ",m@x.example.com m"),
    )
    result = call("data", "--dry-run")
    assert "@x.example" not in result.output
    assert "Person 1" not in result.output
    assert not (folder / "opsnb.toml").exists()


def test_chinese_files_are_mapped(folder: Path) -> None:
    rows = "".join(
        f"D{k:04d},U{k % 9},2026年{1 + k % 6}月{1 + k % 27}日 08:30,{10 + k}.50,"
        f"{('交易成功', '交易关闭')[k % 2]}\n"
        for k in range(40)
    )
    text = "订单编号,会员编号,下单时间,实付金额（元）,订单状态\n" + rows
    (folder / "data" / "订单.csv").write_bytes(text.encode("gb18030"))
    result = call("data")
    assert result.exit_code == 0, result.output
    workspace = Workspace.load(folder)
    assert workspace.timezone == "Asia/Shanghai" and workspace.language == "zh"
    orders = open_table(workspace, "orders").expr.execute()
    assert len(orders) == 40
    assert orders.amount.sum() == sum(10.5 + k for k in range(40))
    assert sorted(set(orders.status)) == ["cancelled", "paid"]
    assert str(orders.ordered_at.min()) == "2026-01-01 08:30:00"


def test_names_in_pinyin_and_without_vowels(folder: Path) -> None:
    rows = "".join(f"D{k},U{k % 9},2026-03-{1 + k % 27:02d},{k}.5\n" for k in range(40))
    put(folder, dd="ddbh,huiyuanbianhao,xiadanshijian,shifujine\n" + rows)
    assert call("data").exit_code == 0
    sql = sql_of(folder, "orders")
    sounds = {"ddbh": "order_id", "huiyuanbianhao": "user_id", "xiadanshijian": "ordered_at"}
    for source, column in {**sounds, "shifujine": "amount"}.items():
        assert f'"{source}" as "{column}"' in sql


def test_without_a_line_of_names_samples_are_shown_and_names_can_be_answered(folder: Path) -> None:
    rows = "".join(f"{100 + k},2026-02-{1 + k % 27:02d} 10:00:00,view\n" for k in range(50))
    put(folder, log=rows)
    result = call("data", "--json", "--no-ask")
    told = json.loads(result.stdout)
    assert result.exit_code == 1 and not told["written"]
    (question,) = [q for q in told["questions"] if q["key"] == "columns.log"]
    assert "2026-02-02 10:00:00" in question["ask"]
    result = call("data", "-a", "columns.log=user_id,event_time,event_name")
    assert result.exit_code == 0, result.output
    events = open_table(Workspace.load(folder), "events").expr.execute()
    assert len(events) == 50 and set(events.event) == {"view"}


def test_two_persons_are_asked_for(folder: Path) -> None:
    rows = "".join(f"O{k},b{k % 9},u{k % 7},2026-03-{1 + k % 27:02d},{k}.5\n" for k in range(40))
    put(folder, orders="order_id,buyer_id,user_id,order_date,amount\n" + rows)
    told = json.loads(call("data", "--json", "--dry-run").stdout)
    (question,) = [q for q in told["questions"] if q["key"] == "orders.user_id"]
    assert [c["value"] for c in question["choices"]] == ["user_id", "buyer_id"]
    assert call("data", "--answer", "orders.user_id=buyer_id").exit_code == 0
    assert '"buyer_id" as "user_id"' in sql_of(folder, "orders")


def test_questions_are_asked_on_a_terminal(folder: Path) -> None:
    rows = "".join(
        f"O{k},u{k % 7},2026-03-{1 + k % 27:02d} 10:00:00,{k}.5,{k}.1,{('paid', 'hold')[k % 2]}\n"
        for k in range(40)
    )
    put(folder, orders="order_id,user_id,order_date,total,net_amount,status\n" + rows)
    asked = json.loads(call("data", "--json", "--dry-run").stdout)["questions"]
    replies = {"orders.amount": "net_amount", "orders.paid": "paid,hold",
               "workspace.timezone": "Europe/London", "workspace.currency": "4"}  # fmt: skip
    assert [q["key"] for q in asked] == list(replies)
    result = call("data", "--ask", typed="".join(f"{replies[q['key']]}\n" for q in asked))
    assert result.exit_code == 0, result.output
    workspace = Workspace.load(folder)
    assert (workspace.timezone, workspace.currency) == ("Europe/London", "GBP")
    orders = open_table(workspace, "orders").expr.execute()
    assert set(orders.status) == {"paid"}
    assert orders.amount.sum() == pytest.approx(sum(k + 0.1 for k in range(40)))


EXISTING = """\
# our file\r
[workspace]\r
name = "Shop"   # kept\r
timezone = "Asia/Shanghai"\r
currency = "CNY"\r
\r
[sources.shop]\r
url = "csv://data"\r
[tables.orders]   # by hand\r
source = "shop"\r
sql = '''select orderNo as order_id, memberId as user_id, purchaseTime as ordered_at,\r
grandTotal as amount from sales'''"""


def test_what_people_wrote_stays_byte_for_byte(folder: Path) -> None:
    put(folder, sales=english(), crm_members=members())
    file = folder / "opsnb.toml"
    file.write_bytes(EXISTING.encode())
    silent = call("data", "--no-ask")
    assert silent.exit_code == 1 and "--yes" in silent.stderr
    assert "[tables.users]" in silent.stdout
    assert file.read_bytes() == EXISTING.encode()
    refused = call("data", "--ask", typed="\n" * 9)
    assert refused.exit_code == 1 and file.read_bytes() == EXISTING.encode()
    assert call("data", "--yes").exit_code == 0
    new = file.read_bytes()
    assert new.startswith(EXISTING.encode())
    assert b"\n" not in new.replace(b"\r\n", b"")
    workspace = Workspace.load(folder)
    assert set(workspace.tables) == {"orders", "users"} and set(workspace.sources) == {"shop"}
    assert workspace.tables["orders"].sql.startswith("select orderNo")
    again = call("data", "--yes")
    assert again.exit_code == 1 and file.read_bytes() == new
    assert "mapped already" in again.stdout


def test_a_database_is_mapped(folder: Path) -> None:
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute(
            'create table "Order Lines" as select \'o\' || (range // 2) as "order id", '
            "'c' || (range % 11) as cust_id, "
            "timestamp '2026-01-01' + to_hours(cast(range as int)) as created_at, "
            'range * 1.5 as "Line ""Total""", \'USD\' as currency from range(400)'
        )
    result = call("duckdb://shop.duckdb", "-a", 'orders.amount=Line "Total"')
    assert result.exit_code == 0, result.output
    workspace = Workspace.load(folder)
    assert workspace.tables["orders"].grain == "line" and workspace.currency == "USD"
    assert open_table(workspace, "orders").expr.amount.sum().execute() == sum(range(400)) * 1.5


def test_payments_beside_orders_are_added_up(folder: Path) -> None:
    orders = "".join(f"{k},{k % 9},2026-03-{1 + k % 27:02d}\n" for k in range(1, 41))
    parts = "".join(f"{k},{1 + k % 40},{k}.25\n" for k in range(1, 81))
    put(
        folder,
        orders="id,customer_id,order_date\n" + orders,
        payments="id,order_id,amount\n" + parts,
    )
    assert call("data").exit_code == 0
    found = open_table(Workspace.load(folder), "orders").expr.execute()
    assert len(found) == 40
    assert found.amount.sum() == pytest.approx(sum(k + 0.25 for k in range(1, 81)))


def test_what_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "data" / "notes.docx").write_bytes(b"x")
    result = call("data")
    assert result.exit_code == 2 and ".parquet" in result.stderr
    result = call("nowhere")
    assert result.exit_code == 2 and "no file or folder nowhere" in result.stderr
    result = call("postgres://me:secret@host/shop")
    assert result.exit_code == 2 and "${SHOP_PASSWORD}" in result.stderr
    assert "secret" not in result.output


def test_a_snapshot_is_no_contract(folder: Path) -> None:
    rows = "".join(f"x{k},{k % 3},{k * 2}\n" for k in range(50))
    put(folder, stock="sku,shelf,pieces\n" + rows)
    told = json.loads(call("data", "--json", "--no-ask").stdout)
    assert told["tables"] == [] and "snapshot" in told["left"]["stock"]
    assert not (folder / "opsnb.toml").exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("orders.amount=grandTotl", "did you mean"),
        ("orders.amont=total", "orders.amount"),
        ("workspace.timezone=Mars/Base", "no answer"),
        ("tables.sales=ordres", "orders"),
    ],
)
def test_answers_that_fit_nothing_are_named(folder: Path, answer: str, said: str) -> None:
    put(folder, sales=english())
    result = call("data", "-a", answer)
    assert result.exit_code == 2 and said in result.stderr
    assert not (folder / "opsnb.toml").exists()


def test_months_in_files_of_their_own_come_together(folder: Path) -> None:
    head, *rows = english(40).strip().splitlines()
    put(
        folder,
        orders_2026_01="\n".join([head, *rows[:20]]),
        orders_2026_02="\n".join([head, *rows[20:]]),
    )
    assert call("data").exit_code == 0
    assert open_table(Workspace.load(folder), "orders").expr.count().execute() == 40


def test_an_experiment_brings_its_outcomes_and_metrics(folder: Path) -> None:
    rows = "".join(
        f"{k},{('control', 'treatment')[k % 2]},{k % 3 == 0},{k % 7}\n" for k in range(200)
    )
    put(folder, button_test="userid,test_group,converted,page_views\n" + rows)
    assert call("data").exit_code == 0
    workspace = Workspace.load(folder)
    assert set(workspace.tables) == {"assignments", "outcomes"}
    assert workspace.metrics["converted"]["kind"] == "proportion"
    outcomes = open_table(workspace, "outcomes").expr.execute()
    assert outcomes.converted.sum() == len(range(0, 200, 3))


def test_readings_of_hours_are_added_up_by_day(folder: Path) -> None:
    rows = "".join(f"2026-03-{d:02d} {h:02d}:00:00,{h}\n" for d in range(1, 11) for h in range(24))
    put(folder, calls="datetime,calls\n" + rows)
    assert call("data").exit_code == 0
    series = open_table(Workspace.load(folder), "series").expr.execute()
    assert list(series.value) == [276.0] * 10


def test_ids_that_another_table_has_are_the_person(folder: Path) -> None:
    """A cookie is named like a person; the login is the one that orders know."""
    sales = "".join(f"O{k},m{k % 40},2026-03-{1 + k % 27:02d},{k}.5\n" for k in range(60))
    visits = "".join(
        f"c{k % 53},m{k % 47},2026-03-{1 + k % 27:02d} 10:00:00,view\n" for k in range(200)
    )
    put(
        folder,
        sales="order_id,member_id,order_date,amount\n" + sales,
        web="user_pseudo_id,user_id_web,event_timestamp,event_name\n" + visits,
    )
    assert call("data").exit_code == 0
    assert '"user_id_web" as "user_id"' in sql_of(folder, "events")


def test_a_folder_of_notes_alone_says_how_to_take_one(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "orders.txt").write_text(english(), encoding="utf-8")
    refused = call("notes", "--dry-run")
    assert (refused.exit_code, "nothing here can be read" in refused.stderr) == (2, True)
    command = refused.stderr.strip().rstrip(".").rpartition("opsnb map ")[2]
    assert call(command, "--dry-run").exit_code == 0
