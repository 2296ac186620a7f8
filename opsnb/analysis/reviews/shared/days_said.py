"""Days in words: unbroken runs of them as spans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from opsnb.analysis.tables import runs, span_of
from opsnb.base.messages import Text


def said_days(days: Iterable[dt.date]) -> list[Text]:
    """Each unbroken run of days as one span, in order."""
    return [span_of(run[0], run[-1]) for run in runs(days)]
