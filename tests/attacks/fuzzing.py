"""Mutations of the files that people write, and the readers that must survive them.

`TARGETS` maps a reader's name to a `Target`: a valid document and the function that reads
it. A mutated document is either read or refused by an `OpsnbError`; whatever else comes out
is a bug. Shared by the tests (some hundred tries each) and `benchmarks/fuzz.py` (for minutes).
"""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsnb.analysis.metrics import load_catalogue
from opsnb.base.errors import OpsnbError
from opsnb.base.ledger import Ledger
from opsnb.base.messages import Language
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.reports.reader import read_report
from opsnb.publishing.runs.diff import basis_rows, compare, diff_page, fact_rows
from opsnb.publishing.site.report_entries import entries

ROOT = Path(__file__).resolve().parent.parent.parent

VALUES = (
    '""', '"\\u0000"', '"' + "x" * 3000 + '"', '"<script>"', '"../../etc/passwd"', '"${HOME}"',
    '"{{7*7}}"', '"金额"', '"\\u202eevil"', "0", "-1", "1e400", "nan", "inf", "-inf", "1e-320",
    "9223372036854775807", "true", "false", "[]", "[[]]", "{}", "{en = 1}", '{en = "x"}',
    "[1, 'x']", "1979-05-27", "0001-01-01", "9999-12-31", "1969-12-31T23:59:59Z", "07:32:00",
    '"2026-13-45"', '"2026-10-01"', '["a", "a"]', '{a = {b = {c = 1}}}', "0.1", "1", "2", "1_000",
)  # fmt: skip
"""TOML literals that a value is replaced by."""

JSON_VALUES: tuple[Any, ...] = (
    None, True, "", "x" * 3000, "<script>alert(1)</script>", 0, -1, 1e308, float("nan"),
    float("inf"), 2**70, [], {}, [None], {"": None}, "2026-10", "\x00", "\u202e", [[1]], "1e5",
)  # fmt: skip
"""What a part of a JSON document is replaced by."""


@dataclass(frozen=True)
class Target:
    """A reader under attack.

    Attributes
    ----------
    seeds : tuple of bytes
        Valid documents.
    read : callable
        Reads a document, given the folder it may write to and the bytes.
    kind : str
        "toml", "json" or "jsonl": how a document is mutated.
    """

    seeds: tuple[bytes, ...]
    read: Callable[[Path, bytes], None]
    kind: str


def attempt(target: Target, folder: Path, document: bytes) -> bool:
    """Whether the document was accepted; raises what is not an `OpsnbError`."""
    try:
        target.read(folder, document)
    except OpsnbError as error:
        assert str(error).strip(), "an error without words"
        return False
    return True


def mutated(target: Target, draw: random.Random) -> bytes:
    """A valid document with one to four mutations."""
    seed = draw.choice(target.seeds)
    for _ in range(draw.randint(1, 4)):
        if draw.random() < 0.15:
            seed = _bytes(seed, draw)
        elif target.kind == "toml":
            seed = _toml(seed, draw)
        else:
            seed = _json(seed, draw, lines=target.kind == "jsonl")
    return seed


def _bytes(document: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(document) + 1)
    junk = draw.choice([b"", b"\xff", b"\x00", b"\xef\xbb\xbf", b"[", b"'''", b"\r", b"\xe9\x87"])
    return document[:at] + junk + document[at + draw.choice([0, 1, 30]) :]


def _toml(document: bytes, draw: random.Random) -> bytes:
    lines = document.decode("utf-8", "replace").split("\n")
    at = draw.randrange(len(lines))
    pair = re.match(r"([\w.\"-]+) *= *(.+)", lines[at])
    way = draw.choice(["value", "value", "value", "inner", "drop", "repeat", "key", "move"])
    if way == "value" and pair:
        lines[at] = f"{pair[1]} = {draw.choice(VALUES)}"
    elif way == "inner" and pair:
        lines[at] = re.sub(r"(?<== )[\w.\"]+(?=[,}])", lambda _: draw.choice(VALUES), lines[at])
    elif way == "drop":
        del lines[at]
    elif way == "repeat":
        lines.insert(at, lines[at])
    elif way == "key":
        lines.insert(
            at, f"{draw.choice(['zzz', 'en', 'id', 'metric', 'name'])} = {draw.choice(VALUES)}"
        )
    else:
        lines.insert(draw.randrange(len(lines)), lines.pop(at))
    return "\n".join(lines).encode()


def _json(document: bytes, draw: random.Random, *, lines: bool) -> bytes:
    text = document.decode("utf-8", "replace")
    rows = text.split("\n") if lines else [text]
    at = draw.randrange(len(rows))
    try:
        tree = json.loads(rows[at])
    except ValueError:
        return _bytes(document, draw)
    rows[at] = json.dumps(_changed(tree, draw), ensure_ascii=draw.random() < 0.5)
    return "\n".join(rows).encode("utf-8", "surrogatepass")


def _changed(tree: Any, draw: random.Random) -> Any:
    """The tree with one of its nodes replaced, removed or doubled."""
    if isinstance(tree, dict) and tree and draw.random() < 0.85:
        key = draw.choice(list(tree))
        if draw.random() < 0.15:
            return {k: v for k, v in tree.items() if k != key}
        return {**tree, key: _changed(tree[key], draw)}
    if isinstance(tree, list) and tree and draw.random() < 0.85:
        at = draw.randrange(len(tree))
        if draw.random() < 0.15:
            return [*tree, tree[at]]
        return [*tree[:at], _changed(tree[at], draw), *tree[at + 1 :]]
    return draw.choice(JSON_VALUES)


def _write(path: Path, document: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document)
    return path


def _use(workspace: Workspace) -> None:
    """All that a playbook would ask of the workspace's files."""
    load_catalogue(workspace.metrics)
    assert workspace.as_of and workspace.calendar and workspace.zone
    workspace.period("latest", "month")
    for plan in (*workspace.experiments.values(), *workspace.campaigns.values()):
        assert plan.period is None or plan.period.start <= plan.period.end
    assert isinstance(workspace.events, list)
    workspace.targets("2026-10")
    repr(workspace)


def _file_of_workspace(name: str) -> Callable[[Path, bytes], None]:
    def read(folder: Path, document: bytes) -> None:
        if not (folder / "opsnb.toml").exists() or name == "opsnb.toml":
            _write(folder / "opsnb.toml", (ROOT / "opsnb.toml").read_bytes())
        _write(folder / name, document)
        workspace = Workspace.load(folder)
        _use(workspace)
        for plans in (workspace.experiments, workspace.campaigns):
            for error in plans.broken.values():  # told to whoever asks for the plan
                raise error

    return read


def _read_report(folder: Path, document: bytes) -> None:
    path = _write(folder / "2026-10" / "monthly-retrospective" / "report.json", document)
    english = Language("en")
    entries(folder, "en")  # the catalogue lists what it cannot read, and goes on
    report = read_report(path)
    found = compare(report, report)
    fact_rows(found, english)
    basis_rows(found, english)
    diff_page(found, english)


def _read_ledger(folder: Path, document: bytes) -> None:
    _write(folder / "ledger" / "2026-10.jsonl", document)
    english = Language("en")
    for entry in Ledger(folder / "ledger").entries():
        assert entry.id and isinstance(english.say(entry.title), str)
        entry.status(dt.date(2026, 11, 16)), entry.on_time, entry.hit


def _read_playbook(folder: Path, document: bytes) -> None:
    playbook = Playbook.read(_write(folder / "play.ipynb", document))
    assert isinstance(playbook.title, str) and isinstance(playbook.purpose, str)
    playbook.parameters, playbook.sections, playbook.digest, playbook.warnings  # noqa: B018
    playbook.notebook()


def _texts(pattern: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(ROOT.glob(pattern)))


METRICS = b"""[paid_orders]
label = {en = "Paid orders", zh = "\xe6\x94\xaf\xe4\xbb\x98\xe8\xae\xa2\xe5\x8d\x95"}
definition = {en = "Orders with status paid", zh = "x"}
kind = "count"
unit = "count"
table = "orders"
where = "status = 'paid'"
direction = "up"
owner = "Li Na"
materiality = 0.05
"""

AT = "2026-11-01T09:00:00+08:00"
LEDGER = "\n".join(
    json.dumps({"at": AT, **line})
    for line in (
        {"event": "add", "id": "a1", "kind": "action", "title": {"en": "Call", "zh": "x"},
         "owner": "Li Na", "due": "2026-11-20"},
        {"event": "add", "id": "p1", "kind": "prediction", "title": "x", "due": "2026-11-20",
         "metric": "gmv_net", "value": 10.0, "low": 5.0, "high": 20.0},
        {"event": "close", "id": "a1", "status": "done", "on": "2026-11-02", "note": "ok"},
        {"event": "reopen", "id": "a1"},
        {"event": "observe", "id": "p1", "value": 12.0},
    )
).encode()  # fmt: skip


def targets(report: dict[str, Any]) -> dict[str, Target]:
    """Every reader, `report` being a valid report.json."""
    return {
        "opsnb.toml": Target(_texts("opsnb.toml"), _file_of_workspace("opsnb.toml"), "toml"),
        "metrics.toml": Target((METRICS,), _file_of_workspace("metrics.toml"), "toml"),
        "experiment plan": Target(
            _texts("plans/experiments/*.toml"),
            _file_of_workspace("plans/experiments/x.toml"), "toml",
        ),
        "campaign plan": Target(
            _texts("plans/campaigns/*.toml"), _file_of_workspace("plans/campaigns/x.toml"), "toml"
        ),
        "targets": Target(
            _texts("plans/targets/*.toml"), _file_of_workspace("plans/targets/2026-10.toml"), "toml"
        ),
        "events": Target(
            _texts("plans/events.toml"), _file_of_workspace("plans/events.toml"), "toml"
        ),
        "report.json": Target((json.dumps(report).encode(),), _read_report, "json"),
        "ledger": Target((LEDGER,), _read_ledger, "jsonl"),
        "playbook": Target(_texts("playbooks/*.ipynb"), _read_playbook, "json"),
    }  # fmt: skip
