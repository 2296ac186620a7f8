"""What a playbook's cells talk to: a recorder over the workspace that also remembers.

Reviews are handed the session as the `Recorder` that it is; what a session adds rests on them.
"""

from __future__ import annotations

import os

from opsnb.analysis.recorder import Recorder
from opsnb.analysis.reviews.shared.recall import recall
from opsnb.analysis.shown import Shown
from opsnb.base.periods import Kind
from opsnb.base.workspace import Workspace

LANGUAGES_VARIABLE = "OPSNB_LANGUAGES"


class Session(Recorder):
    """A playbook at work in one workspace, with what earlier cycles left behind."""

    def memory(self, subject: str | None = None) -> Shown:
        """What earlier cycles left behind: actions, decisions, predictions and their outcomes.

        The monthly retrospective and the weekly review see all of it, other playbooks what
        they wrote themselves or what is about `subject`.
        """
        whole = self.playbook in ("monthly_retrospective", "weekly_review")
        return self.show(*recall(self, related=not whole, subject=subject))


def begin(
    playbook: str, *, cycle: str = "latest", language: str = "", kind: Kind = "month"
) -> Session:
    """Open the workspace for a playbook.

    Parameters
    ----------
    playbook : str
        The playbook's name, such as `ab_readout`.
    cycle : str
        `latest` (the last complete period of `kind` that the data hold), `2026-10`,
        `2026-W44`, `2026-Q4`, `2026`.
    language : str
        `en` or `zh`; empty takes what the runner asked for, else the workspace's language.

    Returns
    -------
    Session
        Of the workspace named by OPSNB_WORKSPACE, else the nearest opsnb.toml upwards.
    """
    asked = [code for code in os.environ.get(LANGUAGES_VARIABLE, "").split(",") if code]
    workspace = Workspace.load()
    spoken = [language] if language else asked
    return Session(workspace, playbook, cycle=cycle, languages=spoken, kind=kind)
