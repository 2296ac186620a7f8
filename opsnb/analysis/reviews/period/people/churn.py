"""Who is likely gone: probability alive, held against orders that the model never saw."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from opsnb.analysis.display import Absent, Checks, Column, Note, Paragraph, Part, Table, charts
from opsnb.analysis.methods.calibration import Calibration, reliability
from opsnb.analysis.methods.ltv import BgNbd, fit_bg_nbd
from opsnb.analysis.metrics.purchases import Histories, histories, purchase_days
from opsnb.analysis.reviews.period.missing_days import missing_days, withheld
from opsnb.base.errors import MethodError
from opsnb.base.messages import Text
from opsnb.base.periods import between

if TYPE_CHECKING:
    from opsnb.analysis.reviews.period.evidence import PeriodEvidence

HOLDOUT_WEEKS = 13
LEAST_WEEKS = 26
"""Weeks of orders before the holdout below which nothing is fitted."""

LEAST_CUSTOMERS = 300

GOOD_ERROR = 0.05
"""Mean distance between predicted and actual share of buyers that customers may be picked by."""

GOOD_TOTAL = 0.2
"""Relative error of the number of buyers that is still good."""

BANDS = ((0.8, 1.01), (0.5, 0.8), (0.2, 0.5), (0.0, 0.2))
"""Probability alive, from the safest."""

GONE = 0.5


@dataclass(frozen=True)
class Risk:
    """Probability alive of each customer, and how the model did on weeks it never saw.

    Attributes
    ----------
    alive, chance : ndarray of shape (customers,)
        Probability not to have left; probability to buy again in the next weeks.
    spent : ndarray of shape (customers,)
        Amount in the year up to the end.
    check : Calibration
        Of the probability to buy in the holdout, fitted on the orders before it.
    """

    model: BgNbd
    past: Histories
    alive: np.ndarray
    chance: np.ndarray
    spent: np.ndarray
    check: Calibration
    predicted: float
    actual: int
    judged: int
    cutoff: dt.date
    end: dt.date

    @property
    def good(self) -> bool:
        """Whether customers may be picked by it."""
        total = abs(self.predicted / self.actual - 1) if self.actual else np.inf
        return self.check.error <= GOOD_ERROR and total <= GOOD_TOTAL

    @property
    def repeaters(self) -> np.ndarray:
        """Customers with a second purchase: the model lets nobody leave before it."""
        return self.past.frequency > 0


def fit_risk(evidence: PeriodEvidence, weeks: int = HOLDOUT_WEEKS) -> Risk | Text:
    """Fit before the last weeks and judge on them, then fit to everything; or why not."""
    if not evidence.ops.rows.has("orders"):
        return Text.of("month.absent", table="orders")
    end = evidence.period.end
    days = purchase_days(evidence.ops.rows)
    days = days[days["day"] <= pd.Timestamp(end)]
    cutoff = end - dt.timedelta(days=7 * weeks)
    if days.empty or (cutoff - days["day"].min().date()).days < 7 * LEAST_WEEKS:
        return Text.of("month.churn.short", weeks=LEAST_WEEKS + weeks)
    judged = between(cutoff + dt.timedelta(days=1), end)
    for span in (judged, between(days["day"].min().date(), cutoff)):
        if (reason := withheld(evidence, "orders", span)) is not None:
            return reason
    known = histories(days, cutoff)
    if len(known) < LEAST_CUSTOMERS:
        return Text.of("month.churn.few", n=len(known), least=LEAST_CUSTOMERS)
    past = histories(days, end)
    try:
        trial = fit_bg_nbd(known.frequency, known.recency, known.age)
        model = fit_bg_nbd(past.frequency, past.recency, past.age)
    except MethodError:
        return Text("month.churn.no_fit")
    foreseen = trial.buys_within(weeks, known.frequency, known.recency, known.age)
    came = np.isin(known.users, days.loc[days["day"] > pd.Timestamp(cutoff), "user_id"].unique())
    year = days[days["day"] > pd.Timestamp(end - dt.timedelta(days=365))]
    spent = year.groupby("user_id")["amount"].sum().reindex(past.users, fill_value=0.0)
    history = past.frequency, past.recency, past.age
    return Risk(
        model, past, model.alive(*history), model.buys_within(weeks, *history),
        spent.to_numpy(dtype=float), reliability(foreseen, came), float(foreseen.sum()),
        int(came.sum()), len(known), cutoff, end,
    )  # fmt: skip


def churn_scores(evidence: PeriodEvidence, weeks: int = HOLDOUT_WEEKS) -> pd.DataFrame:
    """The customers behind the churn table, the most valuable of those likely gone first.

    Returns
    -------
    pandas.DataFrame
        user_id, alive, chance (to buy in the next weeks), orders, amount (of the year before);
        of a spread of customers where there are many (see `purchase_days`). Empty where no model
        can be fitted.
    """
    found = fit_risk(evidence, weeks)
    columns = ["user_id", "alive", "chance", "orders", "amount"]
    if isinstance(found, Text):
        return pd.DataFrame(columns=columns)
    frame = pd.DataFrame(
        {
            "user_id": found.past.users,
            "alive": found.alive,
            "chance": found.chance,
            "orders": found.past.frequency.astype(int) + 1,
            "amount": found.spent,
        }
    )
    frame["_gone"] = frame["alive"] < GONE
    ordered = frame.sort_values(["_gone", "amount", "user_id"], ascending=[False, False, True])
    return ordered[columns].reset_index(drop=True)


def churn_risk(evidence: PeriodEvidence, weeks: int = HOLDOUT_WEEKS) -> list[Part]:
    """Customers by probability alive, what is at stake, and the calibration plot."""
    if evidence.partial:
        return [Absent(Text("month.churn.partial"))]
    found = fit_risk(evidence, weeks)
    if isinstance(found, Text):
        return [Absent(found)]
    parts: list[Part] = [_verdict(evidence, found, weeks)]
    if found.good:
        parts = [*_bands(evidence, found, weeks), *parts]
    fitted = between(found.end - dt.timedelta(days=7 * weeks - 1), found.end)
    return [
        *parts,
        _plot(evidence, found, weeks),
        *missing_days(evidence, "orders", fitted),
        Note(Text.of("month.churn.note", weeks=weeks)),
    ]


def _bands(evidence: PeriodEvidence, found: Risk, weeks: int) -> list[Part]:
    """Repeat customers by probability alive, and the share of the amount that is at stake."""
    ops, mine = evidence.ops, found.repeaters
    total, amount = int(mine.sum()), float(found.spent[mine].sum())
    if not total or not amount:
        return []
    rows: list[dict[str, Any]] = []
    members = {band: mine & (found.alive >= band[0]) & (found.alive < band[1]) for band in BANDS}
    sizes = {band: int(inside.sum()) for band, inside in members.items()}
    # Who is likely gone is told in all: each side of that line has a total of its own.
    gone_or_not = [{b: n for b, n in sizes.items() if (b[0] < GONE) is side}
                   for side in (True, False)]  # fmt: skip
    hidden = ops.groups_to_withhold("churn.band", *gone_or_not)
    for (low, high), inside in members.items():
        n = sizes[low, high]
        segment = f"{low:g}-{min(high, 1):g}"
        if (low, high) in hidden:
            cells = dict.fromkeys(("n", "share", "amount", "again"), ops.withheld)
            band = Text.of("month.churn.band", low=low, high=min(high, 1.0))
            rows.append({"band": band, **cells})
            continue
        share = ops.fact("churn.band", n / total, "share", segment=segment, n=n)
        worth = ops.fact(
            "churn.band_amount", float(found.spent[inside].sum()) / amount, "share",
            segment=segment, n=n,
        )  # fmt: skip
        rows.append(
            {
                "band": Text.of("month.churn.band", low=low, high=min(high, 1.0)),
                "n": n,
                "share": share,
                "amount": worth,
                "again": float(found.chance[inside].mean()) if n else None,
            }
        )
    gone = mine & (found.alive < GONE)
    risk = ops.fact("churn.at_risk", float(gone.sum()) / total, "share", n=total)
    stake = ops.fact("churn.amount_at_risk", float(found.spent[gone].sum()) / amount, "share",
                     n=total)  # fmt: skip
    line = Text.of("month.churn.line", share=risk, n=total, amount=stake)
    ops.finding(line, risk, stake, tone="neutral", section="churn")
    columns = [
        Column("band", Text("month.churn.alive"), "said"),
        Column("n", Text("month.churn.customers"), "integer"),
        Column("share", Text("month.churn.share"), "percent"),
        Column("amount", Text("month.churn.amount"), "percent"),
        Column("again", Text.of("month.churn.again", weeks=weeks), "percent"),
    ]
    return [Paragraph(line), Table(columns, rows)]


def _verdict(evidence: PeriodEvidence, found: Risk, weeks: int) -> Checks:
    ops = evidence.ops
    error = ops.fact("churn.calibration_error", found.check.error, "points", n=found.judged)
    facts = [error]
    if found.check.discrimination is not None:
        facts.append(ops.fact("churn.discrimination", found.check.discrimination, "number"))
    key = "good" if found.good else "poor"
    text = Text.of(
        f"month.churn.{key}", weeks=weeks, predicted=found.predicted, actual=found.actual,
        error=100 * found.check.error,
    )  # fmt: skip
    return Checks([ops.check("churn_model", "pass" if found.good else "warn", text, *facts)])


def _plot(evidence: PeriodEvidence, found: Risk, weeks: int) -> Part:
    return calibration_plot(
        evidence,
        found.check,
        claim=Text.of(
            "month.churn.claim", n=found.judged, weeks=weeks, predicted=found.predicted,
            actual=found.actual,
        ),
        source=Text.of("month.churn.source", cutoff=found.cutoff, end=found.end),
        names=("buyers", weeks),
    )  # fmt: skip


def calibration_plot(
    evidence: PeriodEvidence,
    check: Calibration,
    *,
    claim: Text,
    source: Text,
    names: tuple[str, int],
) -> Part:
    """Predicted against actual shares by group, each recorded as facts."""
    kind, weeks = names
    groups = []
    for number, group in enumerate(check.groups, 1):
        segment = f"{kind}:{number}"
        actual = group.actual
        evidence.ops.fact("churn.predicted", group.predicted, "share", segment=segment, n=actual.n)
        evidence.ops.fact(
            "churn.actual", actual.value, "share", low=actual.low, high=actual.high,
            segment=segment, n=actual.n, method="wilson",
        )  # fmt: skip
        groups.append(charts.Judged(group.predicted, actual.value, actual.low, actual.high))
    return charts.reliability(
        groups,
        predicted=Text.of(f"month.churn.{kind}_predicted", weeks=weeks),
        actual=Text.of(f"month.churn.{kind}_actual", weeks=weeks),
        claim=claim,
        alt=Text.of("month.churn.alt", n=len(groups)),
        source=source,
    )
