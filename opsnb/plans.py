"""What was promised beforehand: experiments, campaigns, targets, and what happened.

Each file of `plans/` becomes one frozen object. Texts for people are labels: a string, or
a dict by language. docs/data.md shows every key.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, PrivateAttr, RootModel

from opsnb.errors import PlanError, did_you_mean
from opsnb.periods import Period, between
from opsnb.tomlfiles import Day, Problem, Said, Strict, read_toml, validate

__all__ = [
    "Budget",
    "CampaignNotes",
    "CampaignPlan",
    "Daily",
    "Event",
    "ExperimentPlan",
    "Guardrail",
    "Holdout",
    "LifetimeValue",
    "NotedAction",
    "Phase",
    "Predicted",
    "Primary",
    "Ramp",
    "Secondary",
    "Success",
    "Target",
    "Totals",
    "read_events",
    "read_notes",
    "read_plans",
    "read_targets",
]


def _reversed(start: dt.date | None, end: dt.date | None, key: str = "end") -> Iterator[Problem]:
    if start and end and end < start:
        yield Problem(key, f"{end} is before the start {start}", "swap the two dates")


class _Plan(Strict):
    """What experiments and campaigns share: an id (the file's name), a name, dates.

    Data without any dates (totals an ad, outcomes a user) has plans without dates.
    """

    name: Said = Field(examples=['"One-page checkout"'])
    owner: Said | None = Field(default=None, examples=['"Wang Lei"'])
    start: Day | None = Field(default=None, examples=["2026-09-14"])
    end: Day | None = Field(default=None, examples=["2026-10-11"])
    _id: str = PrivateAttr("")

    @property
    def id(self) -> str:
        """The file's name without `.toml`."""
        return self._id

    @property
    def period(self) -> Period | None:
        """From start to end, both inside; None for a plan without dates."""
        return between(self.start, self.end) if self.start and self.end else None

    def problems(self) -> Iterable[Problem]:
        yield from _reversed(self.start, self.end)
        if (self.start is None) != (self.end is None):
            lacking = "start" if self.start is None else "end"
            yield Problem(lacking, "is missing", "give both start and end, or neither")


class Primary(Strict):
    """The metric that decides, and the smallest relative effect worth finding."""

    metric: str = Field(examples=['"order_conversion"'])
    mde: float | None = Field(default=None, gt=0, examples=["0.03"])


class Guardrail(Strict):
    """A metric that must not worsen by more than `margin` (relative, as a fraction)."""

    metric: str = Field(examples=['"refund_rate"'])
    margin: float = Field(gt=0, examples=["0.05"])


class Secondary(Strict):
    """A metric that explains, and does not decide."""

    metric: str = Field(examples=['"revenue_per_user"'])


class Ramp(Strict):
    """A first stretch of days at another split than the plan's, up to and including `until`."""

    until: Day = Field(examples=["2026-09-16"])
    split: dict[str, float] = Field(examples=["{control = 0.9, treatment = 0.1}"])


class Daily(Strict):
    """The experiment is known as daily totals in `series`, whose unit is the arm.

    `population` is the metric that says how many units each arm had; `unit` whether counts are
    of independent units (`count`) or the day is the unit (`day`); `funnel` metrics of which
    none can exceed the one before.
    """

    population: str | None = Field(default=None, examples=['"clicks"'])
    unit: Literal["count", "day"] = Field(default="day", examples=['"day"'])
    funnel: list[str] = Field(default=[], examples=['["clicks", "carts", "orders"]'])


class ExperimentPlan(_Plan):
    """plans/experiments/ID.toml: what an A/B test was registered to show."""

    hypothesis: Said | None = Field(default=None, examples=['"Fewer steps bring more orders"'])
    unit: str = Field(default="user", min_length=1, examples=['"user"'])
    control: str = Field(examples=['"control"'])
    split: dict[str, float] = Field(examples=["{control = 0.5, treatment = 0.5}"])
    alpha: float = Field(default=0.05, gt=0, lt=0.5, examples=["0.05"])
    power: float = Field(default=0.8, gt=0, lt=1, examples=["0.8"])
    looks: int = Field(default=1, ge=1, examples=["1"])
    segments: list[str] = Field(default=[], examples=['["channel", "device"]'])
    covariate_days: int = Field(default=0, ge=0, examples=["28"])
    annual_users: int | None = Field(default=None, gt=0, examples=["400000"])
    users: int | None = Field(default=None, gt=0, examples=["24000"])
    ramp: list[Ramp] = Field(default=[])
    daily: Daily | None = None
    primary: Primary
    guardrails: list[Guardrail] = Field(default=[])
    secondary: list[Secondary] = Field(default=[])
    _registered: bool = PrivateAttr(True)

    @property
    def registered(self) -> bool:
        """Whether it was written beforehand, in plans/; else it stands in for a missing plan."""
        return self._registered

    @classmethod
    def unregistered(cls, id: str, **fields: Any) -> ExperimentPlan:
        """A stand-in for an experiment that nobody registered; its reader must be told."""
        plan = validate(cls, {"name": id, **fields}, f"experiment {id}", PlanError)
        plan._id, plan._registered = id, False
        return plan

    @property
    def cluster(self) -> str | None:
        """Column of the assignments that was randomised; None where that is the user."""
        return None if self.unit == "user" or self.daily else self.unit

    def shares(self, day: dt.date | None = None) -> dict[str, float]:
        """The planned split, on a day where a ramp was planned; it sums to 1 exactly."""
        ramp = next((r for r in self.ramp if day is not None and day <= r.until), None)
        split = ramp.split if ramp else self.split
        total = math.fsum(split.values())
        return {arm: split.get(arm, 0.0) / total for arm in self.split}

    @property
    def treatments(self) -> list[str]:
        """The variants other than the control, in the plan's order."""
        return [variant for variant in self.split if variant != self.control]

    @property
    def metrics(self) -> list[str]:
        """Every metric of the plan once: primary, guardrails, secondary."""
        guardrails = [row.metric for row in self.guardrails]
        secondary = [row.metric for row in self.secondary]
        return list(dict.fromkeys([self.primary.metric, *guardrails, *secondary]))

    def problems(self) -> Iterable[Problem]:
        yield from super().problems()
        total = math.fsum(self.split.values())
        days = [step.until for step in self.ramp]
        if days != sorted(days):
            yield Problem("ramp", "is not in order of its dates", "put the earliest first")
        for number, step in enumerate(self.ramp, 1):
            if set(step.split) != set(self.split):
                hint = f"name the same arms as split: {', '.join(self.split)}"
                yield Problem(f"ramp[{number}].split", "names other arms", hint)
        if len(self.split) < 2:
            yield Problem("split", "needs a control and a treatment", "name each with its share")
        elif not math.isclose(total, 1, abs_tol=1e-3):
            equal = round(1 / len(self.split), 4)
            hint = f"shares are fractions of 1, {equal:g} each for an equal split"
            yield Problem("split", f"sums to {total:g}, not to 1", hint)
        for variant, share in self.split.items():
            if share <= 0:
                yield Problem(f"split.{variant}", f"is {share:g}", "a share is above 0")
        if self.control not in self.split:
            hint = did_you_mean(self.control, self.split, kind="variants")
            yield Problem("control", f'"{self.control}" is not in split', hint)
        groups = {
            "guardrails": [row.metric for row in self.guardrails],
            "secondary": [row.metric for row in self.secondary],
        }
        for group, names in groups.items():
            for name in _repeated(names):
                yield Problem(group, f'names "{name}" twice', "keep one of them")
        if self.primary.metric in {row.metric for row in self.secondary}:
            hint = "keep it as primary only"
            yield Problem("secondary", f'repeats the primary "{self.primary.metric}"', hint)


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
    """Value assumed for one incremental new user within a horizon; shown as assumed."""

    value: float = Field(gt=0, examples=["180"])
    horizon_days: int = Field(gt=0, examples=["365"])


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
        yield from _reversed(self.start, self.end)


class CampaignPlan(_Plan):
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
            for value in _repeated(getattr(self, name)):
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


class Target(Strict):
    """The value that a metric has to reach in a cycle, or its growth on the one before.

    `growth` is a fraction: 0.2 asks for 20 % more than in the cycle before.
    """

    target: float | None = Field(default=None, examples=["5200000"])
    growth: float | None = Field(default=None, gt=-1, examples=["0.2"])
    owner: Said | None = Field(default=None, examples=['"Li Na"'])
    note: Said | None = Field(default=None, examples=['"agreed on 1 October"'])

    def problems(self) -> Iterable[Problem]:
        if (self.target is None) == (self.growth is None):
            what = "has both target and growth" if self.growth else "has no target"
            yield Problem("", what, "give one: target = 5200000, or growth = 0.2")


class _Targets(RootModel[dict[str, Target]]):
    pass


class Event(Strict):
    """Something that happened and may explain a number."""

    start: Day = Field(examples=["2026-10-14"])
    end: Day | None = Field(default=None, examples=["2026-10-15"])
    kind: Literal["release", "outage", "tracking", "holiday", "campaign", "other"] = "other"
    name: Said = Field(examples=['"Payment outage"'])

    @property
    def period(self) -> Period:
        """Its days; one day where no end is given."""
        return between(self.start, self.end or self.start)

    def problems(self) -> Iterable[Problem]:
        yield from _reversed(self.start, self.end or self.start)


class _Events(Strict):
    event: list[Event] = Field(default=[])


P = TypeVar("P", bound=_Plan)


def read_plans(folder: Path, model: type[P], root: Path) -> dict[str, P]:
    """The plans of a folder by id, earliest first; one error lists what is wrong in all files."""
    plans: dict[str, P] = {}
    mistakes: list[PlanError] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            plan = validate(model, read_toml(path, PlanError), _place(path, root), PlanError)
        except PlanError as mistake:
            mistakes.append(mistake)
            continue
        plan._id = path.stem
        plans[path.stem] = plan
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        lines = "\n".join(str(mistake) for mistake in mistakes)
        raise PlanError(f"{len(mistakes)} files are wrong:\n{lines}", where=_place(folder, root))
    return dict(sorted(plans.items(), key=lambda row: (row[1].start or dt.date.min, row[0])))


def read_notes(path: Path, root: Path) -> CampaignNotes | None:
    """What the team noted on a campaign; None when the file does not exist."""
    if not path.exists():
        return None
    return validate(CampaignNotes, read_toml(path, PlanError), _place(path, root), PlanError)


def read_targets(path: Path, root: Path) -> dict[str, Target]:
    """The targets of a cycle by metric; empty when the file does not exist."""
    tree = _tree(path)
    return validate(_Targets, tree, _place(path, root), PlanError).root if tree else {}


def read_events(path: Path, root: Path) -> list[Event]:
    """The events of plans/events.toml, earliest first; empty when the file does not exist."""
    events = validate(_Events, _tree(path), _place(path, root), PlanError).event
    return sorted(events, key=lambda event: event.start)


def _tree(path: Path) -> dict[str, Any]:
    return read_toml(path, PlanError) if path.exists() else {}


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _repeated(values: Iterable[str]) -> list[str]:
    seen: list[str] = list(values)
    return sorted({value for value in seen if seen.count(value) > 1})
