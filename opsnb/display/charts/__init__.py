"""Chart types: a function each, from plain records to a `Chart`.

Every chart carries a claim, alt text and a source line, reads in greyscale, and is drawn
twice: for a page and for a phone.
"""

from __future__ import annotations

from opsnb.display.charts._time import Event, Series
from opsnb.display.charts.anomalies import anomaly_timeline
from opsnb.display.charts.bars import Bar, bars
from opsnb.display.charts.bridge import Step, bridge
from opsnb.display.charts.calibration import Forecast, calibration
from opsnb.display.charts.counterfactual import counterfactual
from opsnb.display.charts.curve import Curve, curves
from opsnb.display.charts.effect import SeriesPoint, cumulative_effect
from opsnb.display.charts.forest import Effect, forest
from opsnb.display.charts.funnel import Stage, funnel
from opsnb.display.charts.heat import Cohort, cohort_triangle, matrix
from opsnb.display.charts.kpi import KpiSpan, kpi_trend
from opsnb.display.charts.quadrant import Point, quadrant
from opsnb.display.charts.reliability import Judged, reliability
from opsnb.display.charts.trend import trend

waterfall = bridge

__all__ = [
    "Bar", "Cohort", "Curve", "Effect", "Event", "Forecast", "Judged", "KpiSpan", "Point", "Series",
    "SeriesPoint", "Stage", "Step", "anomaly_timeline", "bars", "bridge", "calibration",
    "cohort_triangle", "counterfactual", "cumulative_effect", "curves", "forest", "funnel",
    "kpi_trend", "matrix", "quadrant", "reliability", "trend", "waterfall",
]  # fmt: skip
