"""What the sample company's team said and decided in the two months before the latest one.

`ledger/CYCLE.jsonl` is what the reports of August and September 2026 left, each made two weeks
after its month ended, with what people then did. So the first report that a newcomer makes
opens as every later one does: with what became of the last cycle.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from opsnb.base.errors import WorkspaceError

_FOLDER = Path(__file__).resolve().parent / "ledger"


def remember(ledger: Path) -> bool:
    """Lays the company's ledger down, unless there is one already.

    Parameters
    ----------
    ledger : Path
        The workspace's folder `reports/ledger`.

    Returns
    -------
    bool
        Whether it was written.

    Raises
    ------
    WorkspaceError
        The folder cannot be written.
    """
    if any(ledger.glob("*.jsonl")):
        return False
    try:
        ledger.mkdir(parents=True, exist_ok=True)
        for file in sorted(_FOLDER.glob("*.jsonl")):
            shutil.copyfile(file, ledger / file.name)
    except OSError as error:
        raise WorkspaceError(
            f"cannot write here ({error.strerror})",
            where=str(ledger),
            hint="check the folder's permissions",
        ) from error
    return True
