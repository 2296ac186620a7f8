"""What a playbook's cells talk to: a recorder over the workspace that also remembers.

Reviews are handed the session as the `Recorder` that it is; what a session adds rests on them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from opsnb.analysis.findings import MIME
from opsnb.analysis.recorder import Recorder
from opsnb.analysis.reviews.shared.recall import recall
from opsnb.analysis.running_notebook import running_playbook, shell
from opsnb.analysis.shown import Shown
from opsnb.base.periods import Kind
from opsnb.base.traits import Traits
from opsnb.base.workspace import Workspace

LANGUAGES_VARIABLE = "OPSNB_LANGUAGES"


class Session(Recorder):
    """A playbook at work in one workspace, with what earlier cycles left behind.

    Parameters
    ----------
    workspace : Workspace
    playbook : str or Traits
        Its name, or its name and traits.
    cycle : str
        As `begin` takes it.
    languages : iterable of str
        Codes, the primary one first; none takes the workspace's language.
    kind : str, optional
        The kind of period that `latest` is; default the playbook's.
    """

    def __init__(
        self,
        workspace: Workspace,
        playbook: str | Traits,
        *,
        cycle: str = "latest",
        languages: Iterable[str] = (),
        kind: Kind | None = None,
    ) -> None:
        self.traits = playbook if isinstance(playbook, Traits) else Traits(playbook)
        period = kind or self.traits.period
        super().__init__(workspace, self.traits.name, cycle=cycle, languages=languages, kind=period)
        self.names = self.traits.names

    def memory(self, subject: str | None = None) -> Shown:
        """What earlier cycles left behind: actions, decisions, predictions and their outcomes.

        A playbook whose metadata say `memory = "everything"` sees all of it, others what they
        wrote themselves or what is about `subject`.
        """
        whole = self.traits.memory == "everything"
        return self.show(*recall(self, related=not whole, subject=subject))

    def publish_rest(self, *_: object) -> None:
        """Sends what no output of the cell has carried away; readers see nothing of it."""
        rest = self.rest()
        if rest is not None:
            from IPython.display import display

            display({MIME: rest.payload()}, raw=True)


def begin(
    playbook: str = "", *, cycle: str = "latest", language: str = "", kind: Kind | None = None
) -> Session:
    """Open the workspace for the playbook that runs.

    In a kernel, what a cell records and does not show leaves the notebook at the cell's end.

    Parameters
    ----------
    playbook : str
        The name that the playbook goes by; empty takes that of its notebook.
    cycle : str
        `latest` (the last complete period of `kind` that the data hold), `2026-10`,
        `2026-W44`, `2026-Q4`, `2026`.
    language : str
        `en` or `zh`; empty takes what the runner asked for, else the workspace's language.
    kind : str, optional
        The kind of period that `latest` is; default the notebook's own, else `month`.

    Returns
    -------
    Session
        Of the workspace named by OPSNB_WORKSPACE, else the nearest opsnb.toml upwards.

    Raises
    ------
    PlaybookError
        No name is given, and the notebook cannot be found; or no playbook has the name, and
        one has nearly that.
    WorkspaceError
        There is no workspace, or its opsnb.toml cannot be used.
    """
    asked = [code for code in os.environ.get(LANGUAGES_VARIABLE, "").split(",") if code]
    workspace = Workspace.load()
    traits = running_playbook(playbook, workspace)
    spoken = [language] if language else asked
    session = Session(workspace, traits, cycle=cycle, languages=spoken, kind=kind)
    if (kernel := shell()) is not None:
        kernel.events.register("post_run_cell", session.publish_rest)
    return session
