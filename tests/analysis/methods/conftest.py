"""Where the tests find public data sets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the public data sets; the test is skipped where there is none."""
    default = Path(__file__).parents[3].parent / "shared" / "data"
    folder = Path(os.environ.get("OPSNB_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip("the public data sets are not here: set OPSNB_SHARED_DATA")
    return folder
