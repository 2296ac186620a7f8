"""Whether a published report is what was published, and whether it would come out again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsnb.base.errors import PublishError
from opsnb.base.workspace import Workspace
from opsnb.publishing.playbooks.parameters import Known
from opsnb.publishing.playbooks.playbook import Playbook
from opsnb.publishing.reports.manifest import (
    VERSIONS,
    Trouble,
    Version,
    faults,
    read_manifest,
    versions,
)
from opsnb.publishing.reports.reader import read_report
from opsnb.publishing.runs.diff import Comparison, compare
from opsnb.publishing.runs.plan import UNDATED, plan
from opsnb.publishing.runs.run import rerun


@dataclass(frozen=True)
class Checked:
    """A version of a report and what is not as it was published.

    Attributes
    ----------
    place : str
        `latest` for the report's own folder, `versions/v2` for a kept version.
    faults : tuple of (str, str)
        `changed`, `missing` or `added` with a file's name; `unsealed` with the version before,
        whose manifest is not the one that this version was published after.
    """

    place: str
    version: Version
    faults: tuple[tuple[Trouble, str], ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "version": self.version.number,
            "published": self.version.published.isoformat(),
            "status": self.version.status,
            "seal": self.version.seal,
            "faults": [{"trouble": trouble, "name": name} for trouble, name in self.faults],
        }


def verify(report: Path) -> list[Checked]:
    """Holds a report's files against its manifests: the newest version first, then those kept.

    Parameters
    ----------
    report : Path
        The folder of a report, or of one of its versions.

    Raises
    ------
    PublishError
        There is no report, or none that was published with a manifest.
    """
    newest = read_manifest(report)
    if newest is None:
        read_report(report)  # says so where there is no report at all
        raise PublishError(
            "the report has no manifest that can be read, so nothing can be held against it",
            where=str(report),
            hint="make the report again: versions have manifests from then on",
        )
    kept = versions(report)
    family = kept or versions(report.parent.parent)
    found = [("latest" if kept else f"{VERSIONS}/{report.name}", newest)]
    found += [(f"{VERSIONS}/{version.folder.name}", version) for version in kept]
    return [Checked(place, version, tuple(faults(version, family))) for place, version in found]


def compare_with_rerun(
    report: Path,
    workspace: Workspace,
    *,
    known: Known | None = None,
    on_cell: Callable[[int, int, str], None] | None = None,
) -> Comparison:
    """The report beside one that is made now from the same parameters; nothing is published.

    What differs in its `basis` (data, definitions, code, packages) tells why facts differ.

    Raises
    ------
    PublishError
        There is no such report, or it stopped: what it would hold is not known.
    OpsnbError
        Its playbook or plan is not there any more.
    """
    before = read_report(report)
    if before["status"] == "failed":
        raise PublishError(
            "the report stopped half way, so that there is nothing to compare",
            where=str(report),
            hint="run it again: opsnb run",
        )
    name = (before["provenance"].get("playbook") or {}).get("name") or before["playbook"]
    parameters = {key: value for key, value in before["parameters"].items() if value is not None}
    planned = plan(
        Playbook.load(name, workspace),
        parameters,
        workspace,
        cycle=None if before["cycle"] == UNDATED else before["cycle"],
        known=known,
    )
    after = rerun(planned, workspace, languages=before["languages"], on_cell=on_cell)
    return compare(before, after[before["language"]])
