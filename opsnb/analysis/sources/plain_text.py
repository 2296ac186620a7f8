"""Files as plain UTF-8 text that DuckDB can read: unpacked, decoded, looked at for what they are.

What cannot be read so is named with its reason, and with a fix that was tried on the file.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from opsnb.analysis.sources.base import first_line
from opsnb.base.errors import SourceError

_BLOCK = 1 << 20
_HEAD = 1 << 16
_MOST_TIMES = 200
_MOST_BYTES = 1 << 30

_SIGNATURES = {
    b"PK\x03\x04": "a zip file or a workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "packed with gzip",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a SQLite file",
}
_FIXES = {
    "a zip file or a workbook": "unpack it; a workbook is read by the scheme excel://",
    "an old Excel workbook": "read it by the scheme excel://, or save it as CSV",
    "a Parquet file": "read it by the scheme parquet://, with a name that ends in .parquet",
    "packed with gzip": "give it a name that ends in .csv.gz",
}

_ODD = re.compile("[\x00-\x08\x80-\x9f\ue000-\uf8ff\ufffd-\uffff]")

_COMMON = {"gb18030": range(0xB0, 0xD8), "big5": range(0xA4, 0xC7)}
"""First bytes of the signs that texts in an encoding mostly hold."""


class OtherText(SourceError):
    """A file that is no text, or is in another encoding than it is read in (`fits`, if known)."""

    fits: str | None = None


def plain_text(path: Path, encoding: str, folder: Path, where: str, table: str) -> Path:
    """The file itself where it is in UTF-8, else a copy in `folder` that is.

    `where` and `table` say in errors where it is read.

    Raises
    ------
    SourceError
        It is cut short, unpacks to far more than a table, is no text, or in another encoding.
    """
    codec = _codec(encoding, where)
    file = _unpacked(path, folder, where) if path.suffix.lower() == ".gz" else path
    with file.open("rb") as content:
        head = content.read(_HEAD)
    _require_text(path, head, codec, where)
    if codec in ("utf-8", "utf-8-sig"):
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _mostly_nul(head)
        if not wide and _decodes(head):
            return file
        raise _other_encoding(path, file, "UTF-8", where, table)
    copy = folder / f"{len(list(folder.iterdir()))}.csv"
    try:
        with copy.open("w", encoding="utf-8", newline="") as out:
            for block in _decoded(file, codec):
                out.write(block)
    except UnicodeError as error:
        raise _other_encoding(
            path, file, f"{encoding} ({first_line(error)})", where, table
        ) from None
    return copy


def one_line_end(path: Path, folder: Path) -> Path:
    """A copy whose lines all end in a line feed."""
    copy = folder / f"{len(list(folder.iterdir()))}.csv"
    with path.open("rb") as file, copy.open("wb") as out:
        out.writelines(line.replace(b"\r\n", b"\n") for line in file)
    return copy


def guess(file: Path) -> str | None:
    """The encoding that a text which is not in UTF-8 is in; None where none can be told.

    GB18030 decodes much that is Big5, and the other way round: the one counts more whose common
    signs the text is made of.
    """
    with file.open("rb") as content:
        head = content.read(_HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16" if _whole(file, "utf-16") else None
    if _mostly_nul(head):
        wide = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        return wide if _whole(file, wide) else None
    shares = {name: _share(head, name) for name in _COMMON}
    for name in sorted(shares, key=lambda one: -shares[one]):
        if shares[name] > 0.5 and _whole(file, name):
            return name
    for name in ("gb18030", "big5", "cp1252"):
        if _whole(file, name):
            return name
    return None


def _codec(encoding: str, where: str) -> str:
    try:
        info = codecs.lookup(encoding)
        "".encode(info.name)
    except (LookupError, ValueError):
        raise SourceError(
            f'unknown encoding "{encoding}"', where=where, hint="utf-8, gb18030, big5 or utf-16"
        ) from None
    return info.name


def _unpacked(path: Path, folder: Path, where: str) -> Path:
    """A copy of what a gzip file holds, its check sum seen: DuckDB takes what is there of it."""
    copy, packed, written = folder / f"{len(list(folder.iterdir()))}.csv", path.stat().st_size, 0
    try:
        with gzip.open(path) as file, copy.open("wb") as out:
            while block := file.read(_BLOCK):
                written += out.write(block)
                if written > max(_MOST_BYTES, packed * _MOST_TIMES):
                    raise SourceError(
                        f"{path.name} unpacks to more than {_MOST_TIMES} times its size, which no "
                        "table does",
                        where=where,
                        hint=f"look into it with gzip -dc {path.name} | head; where it is right, "
                        "unpack it and leave the packed file out",
                    )
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        short = isinstance(error, EOFError)
        raise SourceError(
            f"{path.name} {'ends in the middle' if short else 'is broken'} ({first_line(error)})",
            where=where,
            hint=f"fetch it once more; gzip -t {path.name} says whether it is whole",
        ) from None
    return copy


def _require_text(path: Path, head: bytes, codec: str, where: str) -> None:
    """SourceError for what is no text at all."""
    what = next((said for begin, said in _SIGNATURES.items() if head.startswith(begin)), None)
    control = sum(head.count(sign) for sign in (*range(1, 9), *range(14, 27)))
    wide = codec.startswith(("utf-16", "utf-32")) or head.startswith(
        (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    )
    binary = not wide and control > len(head) // 50
    if what or binary:
        raise OtherText(
            f"{path.name} is no text file but {what or 'a binary one'}",
            where=where,
            hint=_FIXES.get(what or "", "take it out of the folder, or export the table as CSV"),
        )


def _other_encoding(path: Path, file: Path, given: str, where: str, table: str) -> OtherText:
    fits = guess(file)
    error = OtherText(
        f"{path.name} is not in {given}",
        where=where,
        hint=f'add encoding = "{fits}" to the source, or under [{where}.tables.{_key(table)}] '
        "for this table alone"
        if fits
        else "save it as CSV in UTF-8; no encoding fits all of it",
    )
    error.fits = fits
    return error


def _key(name: str) -> str:
    """A name as a key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _mostly_nul(head: bytes) -> bool:
    return head.count(0) > len(head) // 4


def _decodes(head: bytes, codec: str = "utf-8") -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(head)
    except UnicodeError:
        return False
    return True


def _decoded(file: Path, codec: str) -> Iterator[str]:
    with file.open("rb") as content:
        reader = codecs.getreader(codec)(content)
        while block := reader.read(_BLOCK):
            yield block


def _whole(file: Path, codec: str) -> bool:
    """Whether all of a file can be decoded, and to signs that texts are made of."""
    try:
        return all(_is_said(block) for block in _decoded(file, codec))
    except UnicodeError:
        return False


def _is_said(text: str) -> bool:
    """Whether the text is free of private and undefined signs, as good as."""
    return len(_ODD.findall(text)) * 100 <= len(text)


def _share(head: bytes, codec: str) -> float:
    """Of the signs in two bytes, the share that is common in the encoding."""
    common, total, place = 0, 0, 0
    while place < len(head) - 1:
        if head[place] < 0x80:
            place += 1
            continue
        total += 1
        common += head[place] in _COMMON[codec] and (codec == "big5" or head[place + 1] >= 0xA1)
        place += 2
    return common / total if total else 0.0
