"""A secret in the environment, a URL, a parameter or an error is in no byte that is written."""

from __future__ import annotations

import html
import json
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import nbformat
import pypdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from opsnb.cli import app
from tests.publishing.runs.conftest import SEAM, TOML

PASSWORD = "p&ss<w>\"ö'rd/1%2"
TOKEN = "tok-81b2c7d9e0"
IN_URL = "u-r-l-pass-9931"
SOURCE = """
[sources.shop]
url = "postgres://me:${SHOP_PASSWORD}@127.0.0.1:1/shop?token=${STAFF_TOKEN}"
timeout = 1
[tables.orders]
source = "shop"
table = "orders"
"""
PARAMETERS = 'note = "x"  # type: str  A remark\nfails = False  # type: bool  Whether to fail'
LEAKS = """
import os
password, token = os.environ["SHOP_PASSWORD"], os.environ["STAFF_TOKEN"]
print(password, token, note)
os.write(1, f"raw {password}".encode())
import sys, logging
logging.getLogger("x").warning("%s", token)
print(repr(password), file=sys.stderr)
"""
SHOWS = SEAM.format(text="{text}", value="1").replace('"{text}"', "told").replace(
    '"<p>{text}</p>"', "f'<p>{html.escape(told)}</p>'"
)  # fmt: skip
SEAM_CELL = f"""
import html, json
told = f"{{password}} {{token}} {{note}} postgres://me:{IN_URL}@db/shop"
{SHOWS}
"""
FAILS = f"""
if fails:
    raise ValueError(f"no way to postgres://me:{IN_URL}@db/x with {{password}} and {{token}}")
"""


def forms(secret: str) -> set[bytes]:
    """A secret as pages, URLs, JSON, Python and other encodings write it."""
    texts = {
        secret, html.escape(secret), html.escape(secret, quote=False), quote(secret, safe=""),
        json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1],
    }  # fmt: skip
    return {text.encode(code) for text in texts for code in ("utf-8", "utf-16-le")}


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what lies compressed in it."""
    raw = path.read_bytes()
    yield raw
    if raw.startswith(b"%PDF"):
        reader = pypdf.PdfReader(BytesIO(raw))
        yield "\n".join(page.extract_text() for page in reader.pages).encode()
        yield repr([reader.metadata, reader.xmp_metadata, reader.outline]).encode()
        for piece in raw.split(b"stream\n")[1:]:
            inflate = zlib.decompressobj()
            try:
                yield inflate.decompress(piece)
            except zlib.error:
                continue
    elif zipfile.is_zipfile(BytesIO(raw)):
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            yield from map(archive.read, archive.namelist())


def leaks(root: Path, secrets: tuple[str, ...], but: tuple[str, ...] = ()) -> list[str]:
    found = []
    for path in sorted(filter(Path.is_file, root.rglob("*"))):
        name = path.relative_to(root).as_posix()
        if not name.startswith(but):
            found += [
                f"{secret!r} in {name}"
                for secret in secrets
                if any(form in content for content in contents(path) for form in forms(secret))
            ]
    return found


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace on a server that is not there, and a playbook that tells all it knows."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "opsnb.toml").write_text(TOML + SOURCE, encoding="utf-8")
    cells = [
        new_markdown_cell("# Loose talk\n\nTells what it knows.", id="title"),
        new_code_cell(PARAMETERS, id="parameters", metadata={"tags": ["parameters"]}),
        new_code_cell(LEAKS, id="leaks"),
        new_code_cell(SEAM_CELL, id="shows"),
        new_code_cell(FAILS, id="fails"),
    ]
    notebook = new_notebook(cells=cells, metadata={"opsnb": {"name": "loose"}})
    nbformat.write(notebook, tmp_path / "playbooks" / "loose.ipynb")
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    monkeypatch.setenv("STAFF_TOKEN", TOKEN)
    monkeypatch.setenv("OPSNB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*arguments: str) -> str:
    """What a command writes, to both streams."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output + (result.stderr or "")


SECRETS = (PASSWORD, TOKEN, IN_URL)


@pytest.mark.survives(
    "a secret in the environment, a URL, a parameter and an error, searched for in every byte",
    sees="*** in its place",
)
def test_no_secret_is_in_any_byte(root: Path) -> None:
    written = [
        said("run", "loose", "-p", f"note={TOKEN} and {PASSWORD}"),
        said("run", "loose", "-p", f"note={TOKEN}", "-p", "fails=true", "--no-pdf"),
        said("run", "monthly_retrospective", "-p", "cycle=2026-10", "--no-pdf"),
        said("run", "loose", "-p", f"note={TOKEN}", "--plan"),
        said("run", "loose", "-p", f"{TOKEN}=1"),
        said("cycle", "2026-10", "--plan"),
        said("doctor"),
        said("check"),
        said("check", "--json"),
        said("show", "loose"),
        said("index"),
    ]
    made = {p.name for p in (root / "reports").rglob("*") if p.is_file()}
    assert made >= {"report.pdf", "brief.pdf", "report.json", "run.log", "notebook.ipynb"}
    assert any("***" in text for text in written)
    for text in written:
        assert not [s for s in SECRETS if any(f in text.encode() for f in forms(s))], text
    assert leaks(root, SECRETS, but=("playbooks/",)) == []
    assert leaks(root / "playbooks", (PASSWORD, TOKEN)) == []


def test_the_search_finds_what_is_hidden(tmp_path: Path) -> None:
    """The test above could find a secret in each of the places that it looks into."""
    (tmp_path / "a.html").write_text(html.escape(PASSWORD), "utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"x": PASSWORD}), "utf-8")
    with zipfile.ZipFile(tmp_path / "c.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", TOKEN * 3)
    packed = b"%PDF-1.4\nstream\n" + zlib.compress(TOKEN.encode()) + b"\nendstream"
    writer = pypdf.PdfWriter()
    writer.add_blank_page(72, 72)
    writer.add_metadata({"/Title": TOKEN})
    writer.write(tmp_path / "d.pdf")
    (tmp_path / "d.pdf").write_bytes((tmp_path / "d.pdf").read_bytes() + packed[9:])
    assert len(leaks(tmp_path, (PASSWORD, TOKEN))) == 4
