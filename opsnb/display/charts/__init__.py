"""Chart types: a function each, from plain records to a `Chart`.

Every chart carries a claim, alt text and a source line, reads in greyscale, and is drawn
twice: for a page and for a phone.
"""

from __future__ import annotations

from opsnb.display.charts._time import Event, Series
from opsnb.display.charts.bars import Bar, bars
from opsnb.display.charts.bridge import Step, bridge
from opsnb.display.charts.counterfactual import counterfactual
from opsnb.display.charts.forest import Effect, forest
from opsnb.display.charts.funnel import Stage, funnel
from opsnb.display.charts.heat import Cohort, cohort_triangle, matrix
from opsnb.display.charts.trend import trend

waterfall = bridge

__all__ = [
    "Bar", "Cohort", "Effect", "Event", "Series", "Stage", "Step", "bars", "bridge",
    "cohort_triangle", "counterfactual", "forest", "funnel", "matrix", "trend", "waterfall",
]  # fmt: skip
