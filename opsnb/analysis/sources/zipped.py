"""Workbooks before they are opened: whether they are whole, without a password, and no bomb."""

from __future__ import annotations

import zipfile
from pathlib import Path

from opsnb.base.errors import SourceError

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ZIPPED = (".xlsx", ".xlsm", ".xlsb", ".ods")
_MOST_TIMES = 200
_MOST_BYTES = 1 << 30


def require_workbook(path: Path, where: str) -> None:
    """SourceError for a workbook that has a password, is cut short or unpacks to absurdly much."""
    if path.suffix.lower() not in _ZIPPED:
        return
    with path.open("rb") as file:
        begin = file.read(4)
        if begin == _OLD_EXCEL and _ENCRYPTED in file.read():
            raise SourceError(
                f"{path.name} is protected by a password",
                where=where,
                hint="open it in Excel, take the password off under File, Info, Protect Workbook, "
                "and save it",
            )
    if begin == _OLD_EXCEL:
        raise SourceError(
            f"{path.name} is an old Excel workbook under another name",
            where=where,
            hint=f"rename it to {path.stem}.xls",
        )
    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
            locked = any(part.flag_bits & 1 for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise SourceError(
            f"cannot read {path.name} (it is no workbook, or cut short)",
            where=where,
            hint="fetch it once more, or open it in a spreadsheet and save it as .xlsx",
        ) from None
    if locked:
        raise SourceError(
            f"{path.name} is protected by a password",
            where=where,
            hint="open it in the program that made it, and save it without the password",
        )
    if size > max(_MOST_BYTES, _MOST_TIMES * path.stat().st_size):
        raise SourceError(
            f"{path.name} unpacks to {size / 2**30:,.1f} GB, more than {_MOST_TIMES} times its "
            "size, which no table does",
            where=where,
            hint="export the sheet as CSV",
        )
