"""The command line is tried in the workspace that runs are tried in."""

from tests.publishing.runs.conftest import (  # noqa: F401
    _no_built_in_playbooks,
    leftovers,
    make,
    root,
    seam,
    workspace,
)
