"""What the next unit of money brings in a channel: only where the spend varied enough to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from opsnb.analysis.methods.distributions import student

if TYPE_CHECKING:
    from opsnb.analysis.recorder import Recorder
    from opsnb.base.plans import CampaignPlan

LEAST_DAYS = 14
LEAST_SPREAD = 0.25
"""Days of spend, and its standard deviation over its mean, below which nothing can be learned."""


@dataclass(frozen=True)
class Response:
    """A channel's conversions against its spend, day by day.

    Attributes
    ----------
    average : float
        Cost a conversion.
    elasticity, low, high : float or None
        Percent more conversions for one percent more spend; None where the spend hardly varied.
    """

    channel: str
    average: float
    elasticity: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def marginal(self) -> tuple[float, float] | None:
        """Bounds of the cost of one more conversion; None where it cannot be told."""
        if self.low is None or self.high is None or self.low <= 0:
            return None
        return self.average / self.high, self.average / self.low


def responses(ops: Recorder, plan: CampaignPlan) -> list[Response]:
    """Channels with conversions; a log-log regression with weekday-robust errors where possible."""
    if not ops.rows.has("spend"):
        return []
    spend = ops.rows.table("spend").expr
    if not {"conversions", "date", "channel"} <= set(spend.columns):
        return []
    mine = spend.filter((spend.campaign_id == plan.id) & spend.date.notnull())
    frame = (
        mine.group_by(["channel", "date"])
        .agg(amount=mine.amount.sum(), conversions=mine.conversions.sum())
        .execute()
    )
    found = []
    for channel, rows in frame.groupby("channel"):
        money = rows["amount"].to_numpy(dtype=float)
        counted = np.nan_to_num(rows["conversions"].to_numpy(dtype=float))
        if counted.sum() > 0:
            found.append(_response(str(channel), money, counted))
    return sorted(found, key=lambda row: row.average)


def _response(channel: str, money: np.ndarray, counted: np.ndarray) -> Response:
    average = float(money.sum() / counted.sum())
    usable = money > 0
    if usable.sum() < LEAST_DAYS or money[usable].std() < LEAST_SPREAD * money[usable].mean():
        return Response(channel, average)
    x = np.column_stack([np.ones(int(usable.sum())), np.log(money[usable])])
    slope, se = _slope(x, np.log(counted[usable] + 0.5))
    reach = float(student.ppf(0.975, int(usable.sum()) - 2)) * se
    return Response(channel, average, slope, slope - reach, slope + reach)


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The second coefficient of least squares, and its standard error (HC3: MacKinnon and White
    1985), for x of shape (days, 2)."""
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ y
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    weighted = x * ((y - x @ coefficients) / (1 - leverage))[:, None]
    covariance = inverse @ (weighted.T @ weighted) @ inverse
    return float(coefficients[1]), float(np.sqrt(covariance[1, 1]))


def better(rows: list[Response]) -> tuple[Response, Response] | None:
    """(dearer, cheaper) at the margin, when their intervals do not overlap; else None."""
    known = [(row, row.marginal) for row in rows if row.marginal is not None]
    pairs = [(a, b) for a, (low, _) in known for b, (_, high) in known if a is not b and low > high]
    return max(pairs, key=lambda pair: pair[0].average / pair[1].average) if pairs else None
