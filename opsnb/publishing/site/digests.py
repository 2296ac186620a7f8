"""What the catalogue shows of each report.json, read once for as long as the file is the same.

A folder of thousands of reports is drawn again after every run; `reports/.work/catalogue.json`
keeps what was read, by path, size and time of change. It may be taken away at any time.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsnb.base.errors import PublishError
from opsnb.base.json_text import read_json
from opsnb.base.traits import SUBJECTS
from opsnb.publishing.reports.reader import read_report
from opsnb.publishing.reports.run_record import write_atomic

Digest = dict[str, Any]

_FORM = 2
"""Of a digest; another number makes every record be read again."""

_FACTS = (
    "kpi.value", "kpi.target", "kpi.status", "campaign.cost", "campaign.effect",
    "campaign.roi_incremental", "campaign.window", "ab.value",
)  # fmt: skip
_UNSHOWN: dict[str, Any] = {
    "checks": [], "tables": {}, "parameters": {}, "provenance": {}, "parts": [],
}  # fmt: skip


class Digests:
    """The digests of a reports folder; `save` once all that is wanted was read.

    Parameters
    ----------
    reports_folder : Path
    """

    def __init__(self, reports_folder: Path) -> None:
        self.folder = reports_folder
        self.place = reports_folder / ".work" / "catalogue.json"
        self.known = _stored(self.place)
        self.used: dict[str, list[Any]] = {}

    def read(self, path: Path) -> Digest:
        """A report.json as the catalogue needs it: without what it does not show, and with
        `metrics`, the ids that its facts are about, and `about`, the kind of its subject.

        Raises
        ------
        OSError, PublishError
            It cannot be read, or does not have the layout of report.json.
        """
        state = path.stat()
        name = path.relative_to(self.folder).as_posix()
        stamp = [state.st_mtime_ns, state.st_size, state.st_ino]
        found = self.used.get(name) or self.known.get(name)
        if not found or found[:3] != stamp:
            found = [*stamp, _digest(read_report(path))]
        self.used[name] = found
        digest: Digest = found[3]
        return digest

    def save(self) -> None:
        """Keeps what was read for the next time, where the folder can be written to."""
        others = self.known.keys() - self.used.keys()  # such as those of another language
        there = {name: self.known[name] for name in others if (self.folder / name).is_file()}
        records = {**there, **self.used}
        if records == self.known:
            return
        with contextlib.suppress(PublishError):
            text = json.dumps({"form": _FORM, "records": records}, ensure_ascii=False)
            write_atomic(self.place, text)


def _stored(place: Path) -> dict[str, list[Any]]:
    try:
        content = read_json(place.read_text(encoding="utf-8"))
        known = content["records"] if content["form"] == _FORM else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return known if isinstance(known, dict) else {}


def _digest(report: dict[str, Any]) -> Digest:
    facts = report["facts"]
    shown = [fact for fact in facts if fact["id"] in _FACTS]
    metrics = sorted({fact["metric"] for fact in facts if fact.get("metric")})
    return {**report, **_UNSHOWN, "facts": shown, "metrics": metrics, "about": _about(report)}


def _about(report: Mapping[str, Any]) -> str | None:
    """`campaign` or `experiment`; older reports tell it by their parameters and facts."""
    playbook = report["provenance"].get("playbook") or {}
    if "subject" in playbook:
        about: str | None = playbook["subject"]
        return about
    told = {*report["parameters"], *(fact["id"].partition(".")[0] for fact in report["facts"])}
    return next((kind for kind in SUBJECTS if kind in told), None)
