"""`opsnb check --privacy`: what reports would expose of people."""

from __future__ import annotations

from collections.abc import Sequence

from opsnb.analysis.reviews.shared.privacy_scan import exposures
from opsnb.base.workspace import Workspace
from opsnb.cli.output import say, table, write_json
from opsnb.publishing.playbooks.playbook import Playbook


def say_exposure(
    workspace: Workspace, playbooks: Sequence[str], codes: Sequence[str], json: bool
) -> None:
    """Writes what the tables of the playbooks (default all mapped) would expose.

    A metric of a target or plan may bring any table of the team's own into any playbook.

    Raises
    ------
    OpsnbError
        No such playbook, or a table cannot be opened.
    """
    loaded = [Playbook.load(name, workspace) for name in playbooks]
    wanted = {name for playbook in loaded for name in (*playbook.needs, *playbook.optional)}
    own = {name for name, table in workspace.tables.items() if table.columns is not None}
    names = [name for name in workspace.tables if not loaded or name in wanted | own]
    found = exposures(workspace, names) if names else []
    languages = [workspace.speak(code) for code in codes or [workspace.language]]
    if json:
        write_json(
            {
                "min_cell": workspace.min_cell,
                "tables": names,
                "exposures": [one.as_dict(languages[0]) for one in found],
            }
        )
        return
    for language in languages:
        say(language.text("privacy.title"))
        if found:
            table(["", ""], [[one.level, language.say(one.said)] for one in found])
        else:
            say(language.text("privacy.nothing", minimum=workspace.min_cell))
