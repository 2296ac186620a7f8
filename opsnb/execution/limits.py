"""How long a run may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How long things may take, in seconds; 0 is no limit for a cell or a run."""

    cell: int = 1800
    run: int = 7200
    start: int = 60
