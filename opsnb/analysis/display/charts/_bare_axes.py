"""Matplotlib's axes without ticks, labels and spines of their own.

Matplotlib makes five artists a tick and measures each label, which takes longer than drawing
what the chart shows.
"""

from __future__ import annotations

from typing import Any, ClassVar

from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis


class _Bare:
    """An axis that never makes a tick."""

    majorTicks: ClassVar[tuple[()]] = ()
    minorTicks: ClassVar[tuple[()]] = ()

    def get_major_ticks(self, numticks: int | None = None) -> list[Any]:
        return []

    def get_minor_ticks(self, numticks: int | None = None) -> list[Any]:
        return []


class _Across(_Bare, XAxis):  # type: ignore[misc]  # there they are descriptors that make ticks
    pass


class _Up(_Bare, YAxis):  # type: ignore[misc]  # the same
    pass


class Plot(Axes):
    """Axes that draw what is put on them and nothing else."""

    def _gen_axes_spines(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}

    def _init_axis(self) -> None:
        self.xaxis, self.yaxis = _Across(self, clear=False), _Up(self, clear=False)

    def clear(self) -> None:
        super().clear()
        self.set_axis_off()
