"""plans/campaigns/ID.toml and plans/notes/ID.toml: a campaign before and after."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from opsnb.base.periods import Period, between
from opsnb.base.plans.common_keys import Plan, repeated, reversed_dates
from opsnb.base.toml_model import Day, Problem, Said, Strict


class Predicted(Strict):
    """The incremental effect expected beforehand, in the metric's unit."""

    value: float = Field(examples=["300000"])
    low: float | None = Field(default=None, examples=["150000"])
    high: float | None = Field(default=None, examples=["450000"])

    def problems(self) -> Iterable[Problem]:
        if self.low is not None and self.low > self.value:
            yield Problem("low", f"{self.low:g} is above the value {self.value:g}", "lower it")
        if self.high is not None and self.high < self.value:
            yield Problem("high", f"{self.high:g} is below the value {self.value:g}", "raise it")


class Success(Strict):
    """The success line, registered beforehand: the increment that has to be reached."""

    increment: float = Field(examples=["250000"])


class Budget(Strict):
    """Planned cost by kind, in the workspace's currency."""

    media: float = Field(default=0, ge=0, examples=["100000"])
    creator: float = Field(default=0, ge=0, examples=["50000"])
    reward: float = Field(default=0, ge=0, examples=["80000"])
    production: float = Field(default=0, ge=0, examples=["20000"])
    labour: float = Field(default=0, ge=0, examples=["15000"])
    other: float = Field(default=0, ge=0, examples=["5000"])

    @property
    def by_kind(self) -> dict[str, float]:
        return {kind: value for kind, value in self.model_dump().items() if value}

    @property
    def total(self) -> float:
        return math.fsum(self.by_kind.values())


class LifetimeValue(Strict):
    """Value assumed for one incremental new user within a horizon; shown as assumed.

    `renewal_days` is the length of a contract where customers subscribe: their renewals are
    modelled then, not purchases at any time.
    """

    value: float = Field(gt=0, examples=["180"])
    horizon_days: int = Field(gt=0, examples=["365"])
    renewal_days: int | None = Field(default=None, gt=1, examples=["30"])


class Attribution(Strict):
    """The rule by which orders and conversions are credited to the campaign.

    `window_days` is how long after a click or visit an order still counts; 0: in the same visit.
    """

    model: Said = Field(examples=['"last click"'])
    window_days: int = Field(ge=0, examples=["7"])


class Holdout(Strict):
    """The randomised hold-out that measures the campaign: rows of `assignments`."""

    experiment: str = Field(examples=['"golden_week_holdout"'])
    control: str = Field(default="holdout", examples=['"holdout"'])
    treated: str = Field(default="exposed", examples=['"exposed"'])
    share: float | None = Field(default=None, gt=0, lt=1, examples=["0.2"])

    @property
    def split(self) -> dict[str, float] | None:
        """The planned split; None where the plan does not say which share was held out."""
        if self.share is None:
            return None
        return {self.control: self.share, self.treated: 1 - self.share}


class Totals(Strict):
    """Sums reported by hand, for a campaign whose orders are not mapped: counts, no effect."""

    gmv: float | None = Field(default=None, ge=0, examples=["5000000"])
    new_users: int | None = Field(default=None, ge=0, examples=["5000"])
    impressions: int | None = Field(default=None, ge=0, examples=["30000000"])


class Phase(Strict):
    """A part of a campaign; it may lie before the campaign's own start."""

    name: Said = Field(examples=['"warm-up"'])
    start: Day = Field(examples=["2026-09-24"])
    end: Day = Field(examples=["2026-09-30"])

    def problems(self) -> Iterable[Problem]:
        yield from reversed_dates(self.start, self.end)


class CampaignPlan(Plan):
    """plans/campaigns/ID.toml: what a campaign was registered to bring and to cost."""

    objective: Said | None = Field(default=None, examples=['"Bring lapsed buyers back"'])
    post_days: int = Field(default=21, ge=0, examples=["21"])
    channels: list[str] = Field(default=[], examples=['["app_push", "wechat"]'])
    metric: str = Field(examples=['"gmv_net"'])
    gross_margin: float | None = Field(default=None, gt=0, le=1, examples=["0.35"])
    predicted: Predicted | None = None
    success: Success | None = None
    budget: Budget = Budget()
    ltv: LifetimeValue | None = None
    attribution: Attribution | None = None
    holdout: Holdout | None = None
    treated_units: list[str] = Field(default=[], examples=['["Guangdong", "Zhejiang"]'])
    unit_column: str = Field(default="unit", min_length=1, examples=['"region"'])
    controls: list[str] = Field(default=[], examples=['["search_index"]'])
    audience: Literal["all", "lapsed", "loyal"] = "all"
    cpm: float | None = Field(default=None, gt=0, examples=["30"])
    totals: Totals | None = None
    funnel: list[str] = Field(default=[], examples=['["visit", "cart", "order"]'])
    funnel_days: int | None = Field(default=None, gt=0, examples=["7"])
    phases: list[Phase] = Field(default=[])

    @property
    def post_period(self) -> Period | None:
        """The days after the campaign in which a dip would show; None without such days."""
        if not self.post_days or self.end is None:
            return None
        day = dt.timedelta(days=1)
        return between(self.end + day, self.end + self.post_days * day)

    def problems(self) -> Iterable[Problem]:
        yield from super().problems()
        if len(self.funnel) == 1:
            yield Problem("funnel", "has one step", 'name two or more: ["visit", "order"]')
        for name in ("channels", "controls", "treated_units", "funnel"):
            for value in repeated(getattr(self, name)):
                yield Problem(name, f'names "{value}" twice', "keep one of them")
        for number, phase in enumerate(self.phases, 1):
            if self.end and phase.start > self.end:
                hint = "move it, or move the campaign's end"
                yield Problem(f"phases[{number}].start", "is after the campaign's end", hint)


class NotedAction(Strict):
    """A step agreed in the review."""

    title: Said = Field(examples=['"Hold out a fifth of the users next time"'])
    owner: Said = Field(examples=['"Li Na"'])
    due: Day = Field(examples=["2026-11-30"])
    status: Literal["open", "done", "late", "dropped"] = "open"


class CampaignNotes(Strict):
    """plans/notes/ID.toml: what the team made of a campaign; written by people, only ever read."""

    why: list[Said] = Field(default=[], examples=['["Why did the effect fade? ..."]'])
    lessons: list[Said] = Field(default=[], examples=['["Coupons without a floor pull forward"]'])
    went_well: list[Said] = Field(default=[], examples=['["Stock held"]'])
    went_wrong: list[Said] = Field(default=[], examples=['["Labour was booked late"]'])
    lucky: list[Said] = Field(default=[], examples=['["A competitor was offline"]'])
    actions: list[NotedAction] = Field(default=[])
