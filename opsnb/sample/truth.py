"""Every fact planted in the sample company, in one place.

The simulation reads its effects from here; `answers.py` writes them, with what they came to
in the built data, to `data/truth.json`. Effects multiply: `conversion` the chance that a
cart becomes an order, `basket` the order's amount, `refund` the chance of a refund.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

SEED = 20261031
"""The seed of the committed sample: the last day of the data, taken before any result was seen."""

START = dt.date(2024, 10, 1)
END = dt.date(2026, 10, 31)
AS_OF = dt.date(2026, 11, 16)
"""First and last day of activity, and the day the snapshot was taken (refunds known until then)."""

CHANNELS = ("app_store", "wechat", "douyin", "search", "organic", "referral")
REGIONS = (
    "Guangdong", "Zhejiang", "Jiangsu", "Shanghai", "Beijing", "Sichuan", "Hubei", "Shandong",
)  # fmt: skip
DEVICES = ("ios", "android", "web")
REGION_SHARES = (0.22, 0.15, 0.14, 0.13, 0.11, 0.10, 0.08, 0.07)
DEVICE_SHARES = (0.38, 0.50, 0.12)

CHANNEL_CONVERSION = (1.05, 1.10, 0.25, 1.00, 1.15, 1.20)
"""Cart propensity by channel; constant over time, so that only the mix can move."""
CHANNEL_BASKET = (1.05, 1.00, 0.80, 1.02, 1.05, 1.00)

VIEW_RATE, CART_RATE, ORDER_RATE = 0.72, 0.42, 0.52
CANCEL_RATE, REFUND_RATE = 0.03, 0.06
BASKET_MEAN, BASKET_SIGMA = 262.0, 0.55
GROSS_MARGIN, GROSS_MARGIN_SD = 0.35, 0.04


@dataclass(frozen=True)
class Experiment:
    """A randomised test: who is enrolled, and what the treatment does for `window_days`."""

    id: str
    start: dt.date
    end: dt.date
    exposure: str  # the event at which a user is enrolled
    conversion: float = 1.0
    basket: float = 1.0
    refund: float = 1.0
    order_cost: float = 0.0
    traffic: float = 1.0  # share of the exposed users who are enrolled
    lost_share: float = 0.0  # of the treatment arm, missing from the assignments
    window_days: int = 14


EXPERIMENTS = (
    Experiment(
        "checkout_one_page", dt.date(2026, 9, 14), dt.date(2026, 10, 11), "cart", conversion=1.10
    ),
    Experiment("badge_wall", dt.date(2026, 8, 24), dt.date(2026, 9, 20), "visit"),
    Experiment(
        "search_rank", dt.date(2026, 9, 21), dt.date(2026, 10, 11), "visit", lost_share=0.08
    ),
    Experiment(
        "free_shipping_bar",
        dt.date(2026, 9, 7),
        dt.date(2026, 10, 4),
        "visit",
        conversion=1.14,
        refund=1.55,
        order_cost=9.0,
        traffic=0.7,
    ),
)


@dataclass(frozen=True)
class Campaign:
    """A campaign's days, its cost by kind, and the share of visits that carry its id."""

    id: str
    start: dt.date
    end: dt.date
    warm_up: dt.date
    channels: tuple[str, ...]
    budget: dict[str, float]
    actual: dict[str, float]  # what reaches the ledger; a kind may be missing
    tagged_share: float = 0.3


@dataclass(frozen=True)
class GoldenWeek(Campaign):
    """The campaign with a randomised holdout and a real, partly borrowed, effect."""

    holdout: str = "golden_week_holdout"
    holdout_share: float = 0.25
    active_days: int = 28
    conversion: float = 1.55
    basket: float = 1.08
    dip: float = 0.28
    dip_decay_days: float = 5.0
    post_days: int = 21


@dataclass(frozen=True)
class InviteFriends(Campaign):
    """The referral campaign: K = invitations per inviter x registrations per invitation."""

    invite_share: float = 0.032
    extra_invites: float = 1.4
    acceptance: float = 0.125
    usual_invite_share: float = 0.016
    usual_extra_invites: float = 0.9
    usual_acceptance: float = 0.09


GOLDEN_WEEK = GoldenWeek(
    "golden_week",
    dt.date(2026, 10, 1),
    dt.date(2026, 10, 8),
    dt.date(2026, 9, 24),
    ("wechat", "douyin", "app_store"),
    budget={
        "media": 27_000, "creator": 12_000, "reward": 21_000, "production": 7_000, "labour": 10_000,
    },
    actual={
        "media": 29_800, "creator": 12_000, "reward": 25_600, "production": 6_100, "labour": 10_500,
    },
    tagged_share=0.45,
)  # fmt: skip

AUTUMN_COUPON = Campaign(
    "autumn_coupon",
    dt.date(2026, 10, 19),
    dt.date(2026, 10, 28),
    dt.date(2026, 10, 17),
    ("wechat", "search", "app_store"),
    budget={
        "media": 30_000, "creator": 9_000, "reward": 42_000, "production": 4_000, "labour": 9_000,
    },
    actual={"media": 29_400, "creator": 9_000, "reward": 47_800, "production": 4_300},
    tagged_share=0.35,
)  # fmt: skip

INVITE_FRIENDS = InviteFriends(
    "invite_friends",
    dt.date(2026, 9, 1),
    dt.date(2026, 9, 30),
    dt.date(2026, 8, 28),
    ("wechat",),
    budget={"media": 6_000, "reward": 18_000, "production": 3_000, "labour": 5_000},
    actual={"media": 5_800, "reward": 16_900, "production": 3_100, "labour": 5_000},
    tagged_share=0.06,
)

CAMPAIGNS: tuple[Campaign, ...] = (GOLDEN_WEEK, AUTUMN_COUPON, INVITE_FRIENDS)


@dataclass(frozen=True)
class Incident:
    """Two bad days: `kept` is the share of orders (outage) or of events (gap) that remained."""

    start: dt.date
    end: dt.date
    kept: float


OUTAGE = Incident(dt.date(2026, 10, 14), dt.date(2026, 10, 15), kept=0.07)
TRACKING_GAP = Incident(dt.date(2026, 10, 29), dt.date(2026, 10, 30), kept=0.04)


@dataclass(frozen=True)
class MixShift:
    """Newcomers of a low-converting channel flood in; no channel's own rate moves."""

    channel: str = "douyin"
    start: dt.date = dt.date(2026, 10, 1)
    end: dt.date = dt.date(2026, 10, 18)
    newcomers: int = 4_600


MIX_SHIFT = MixShift()


@dataclass(frozen=True)
class Service:
    """Customer voice and timeliness: usual shares, and October 2026's."""

    tickets_on_time: float = 0.955
    tickets_on_time_october: float = 0.91
    tasks_on_time: float = 0.915
    tasks_on_time_october: float = 0.85
    promoters: float = 0.47
    detractors: float = 0.20
    promoters_october: float = 0.43
    detractors_october: float = 0.26
    satisfied: float = 0.87
    satisfied_outage: float = 0.55
    outage_echo_days: int = 6
    answered_nps: float = 0.30
    answered_csat: float = 0.40
    october: int = 202610


SERVICE = Service()
