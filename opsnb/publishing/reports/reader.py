"""report.json as a file: written so that people can read it, and read in any version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from opsnb.base.errors import PublishError
from opsnb.base.json_text import read_json
from opsnb.base.seam import SCHEMA, Schema
from opsnb.publishing.reports.schema import misfits

_RESTORE = "make the report again, or restore the file from the report's versions/ or a backup"


def read_report(path: Path) -> dict[str, Any]:
    """The report.json at a path, or in a report's folder; `parts` are none in an old one.

    Raises
    ------
    PublishError
        There is none, a later version of opsnb has written it, or it does not have the layout
        of report.json.
    """
    file = path / "report.json" if path.is_dir() else path
    try:
        report = read_json(file.read_text(encoding="utf-8"))
    except OSError:
        raise PublishError(
            "there is no report here",
            where=str(path),
            hint="name a report's folder, such as reports/2026-10/monthly-retrospective",
        ) from None
    except ValueError:
        report = None
    if not isinstance(report, dict):
        raise PublishError(
            "this is no report.json",
            where=str(path),
            hint="name a report's folder or its report.json",
        )
    return as_read(report, str(file))


def as_read(report: dict[str, Any], where: str = "report.json") -> dict[str, Any]:
    """A report.json of any version as those of this one are.

    Raises
    ------
    PublishError
        As `read_report`.
    """
    name, known = report.get("schema", SCHEMA), get_args(Schema)
    if name not in known:
        later = str(name).startswith("opsnb.report/")
        raise PublishError(
            f"the report has the layout {json.dumps(name, ensure_ascii=False)}; "
            f"this opsnb reads {' and '.join(known)}",
            where=where,
            hint="read it with the version of opsnb that wrote it, or a later one"
            if later
            else _RESTORE,
        )
    if wrong := misfits(report):
        raise PublishError(f"this is no valid report ({wrong})", where=where, hint=_RESTORE)
    return {**report, "parts": report.get("parts") or []}


def as_text(report: dict[str, Any]) -> str:
    """The report as its file holds it: a line a value, and a line a part, which is long."""
    known = {name: value for name, value in report.items() if name != "parts"}
    head = json.dumps(known, ensure_ascii=False, indent=1, allow_nan=False)
    lines = [_compact(part) for part in report["parts"]]
    parts = "[\n  " + ",\n  ".join(lines) + "\n ]" if lines else "[]"
    return head.removesuffix("\n}") + f',\n "parts": {parts}\n}}\n'


def _compact(part: dict[str, Any]) -> str:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
