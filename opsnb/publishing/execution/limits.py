"""How much a run may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Budgets of a run; 0 is no limit, except for `start`.

    Attributes
    ----------
    cell, run, start : int
        Seconds for one cell, for the whole run, and for a kernel to start.
    memory : int
        Megabytes that the kernel and what it starts may hold.
    output : int
        Megabytes that one cell may show; more is left out, and said.
    """

    cell: int = 1800
    run: int = 7200
    start: int = 60
    memory: int = 0
    output: int = 20
