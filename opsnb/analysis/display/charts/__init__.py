"""Chart types: a function each, from plain records to a `Chart`.

Every chart carries a claim, alt text and a source line, reads in greyscale, and is drawn
twice: for a page and for a phone.
"""

from __future__ import annotations

from opsnb.analysis.display.charts._time import Event, Series
from opsnb.analysis.display.charts.anomalies import anomaly_timeline
from opsnb.analysis.display.charts.bars import Bar, bars
from opsnb.analysis.display.charts.bridge import Step, bridge
from opsnb.analysis.display.charts.calibration import Forecast, calibration
from opsnb.analysis.display.charts.counterfactual import counterfactual
from opsnb.analysis.display.charts.curve import Curve, curves
from opsnb.analysis.display.charts.effect import SeriesPoint, cumulative_effect
from opsnb.analysis.display.charts.forest import Effect, forest
from opsnb.analysis.display.charts.funnel import Stage, funnel
from opsnb.analysis.display.charts.heat import Cohort, cohort_triangle, matrix
from opsnb.analysis.display.charts.kpi import KpiSpan, kpi_trend
from opsnb.analysis.display.charts.quadrant import Point, quadrant
from opsnb.analysis.display.charts.reliability import Judged, reliability
from opsnb.analysis.display.charts.trend import trend

waterfall = bridge

__all__ = [
    "Bar", "Cohort", "Curve", "Effect", "Event", "Forecast", "Judged", "KpiSpan", "Point", "Series",
    "SeriesPoint", "Stage", "Step", "anomaly_timeline", "bars", "bridge", "calibration",
    "cohort_triangle", "counterfactual", "cumulative_effect", "curves", "forest", "funnel",
    "kpi_trend", "matrix", "quadrant", "reliability", "trend", "waterfall",
]  # fmt: skip
