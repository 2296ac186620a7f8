"""Surveys, sent and answered: NPS and CSAT, with comments that tell of the month's incidents."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opsnb.sample import days, truth
from opsnb.sample.draws import stream
from opsnb.sample.sessions import Sessions
from opsnb.sample.words import Words

_NPS_A_VISIT, _CSAT_A_VISIT = 0.0065, 0.0105
_OUTAGE_ANSWERS = 3.0  # times as many answers while payment fails
_COMMENT_RATE = 0.45
_SURVEY_CHANNELS = ("in_app", "sms", "wechat")
_THEMES = ("delivery", "product", "price", "refund", "app", "account", "service")
_THEME_SHARES = (0.24, 0.20, 0.16, 0.12, 0.12, 0.04, 0.12)

# What people complain about when something happens: first day, last day, theme, share.
_INCIDENTS: tuple[tuple[dt.date, dt.date, str, float], ...] = (
    (dt.date(2024, 11, 9), dt.date(2024, 11, 25), "delivery", 0.6),
    (dt.date(2025, 1, 22), dt.date(2025, 2, 8), "delivery", 0.6),
    (dt.date(2025, 6, 15), dt.date(2025, 6, 30), "service", 0.5),
    (dt.date(2025, 11, 9), dt.date(2025, 11, 25), "delivery", 0.6),
    (dt.date(2026, 2, 10), dt.date(2026, 2, 26), "delivery", 0.6),
    (dt.date(2026, 6, 15), dt.date(2026, 6, 30), "service", 0.5),
    (dt.date(2026, 9, 7), dt.date(2026, 10, 18), "refund", 0.25),
    (truth.OUTAGE.start, truth.OUTAGE.end + dt.timedelta(days=6), "payment", 0.75),
    (truth.AUTUMN_COUPON.start, dt.date(2026, 10, 31), "coupon", 0.35),
)


def surveys_table(seed: int, ids: NDArray[np.int64], sessions: Sessions, words: Words) -> pa.Table:
    """One row an answer in order of time, then one a survey that nobody answered."""
    rng = stream(seed, "surveys")
    rush = days.between(sessions.day, truth.OUTAGE.start, truth.OUTAGE.end)
    weight = np.where(rush, _OUTAGE_ANSWERS, 1.0)
    asked = [
        np.flatnonzero(rng.random(len(sessions)) < rate * weight)
        for rate in (_NPS_A_VISIT, _CSAT_A_VISIT)
    ]
    scored = [_nps(rng, sessions.day[asked[0]]), _csat(rng, sessions.day[asked[1]])]
    index, score = np.concatenate(asked), np.concatenate(scored)
    kind = np.repeat(["nps", "csat"], [len(visits) for visits in asked])
    at = sessions.start[index] + rng.integers(900, 1_800, len(index))
    by_time = np.lexsort((index, kind, at))
    index, score, kind, at = index[by_time], score[by_time], kind[by_time], at[by_time]
    day = sessions.day[index]
    says = rng.random(len(index)) < _COMMENT_RATE
    comments = [
        _comment(rng, words, k, int(s), int(d)) if c else None
        for k, s, d, c in zip(kind, score, day, says, strict=True)
    ]
    channel = rng.choice(3, len(index), p=(0.7, 0.1, 0.2))
    sent = at - stream(seed, "sent").integers(60, 600, len(at))
    answers = pa.table(
        {
            "responded_at": days.timestamps(at),
            "kind": kind.tolist(),
            "score": score,
            "user_id": ids[sessions.user[index]],
            "comment": pa.array(comments, pa.string()),
            "channel": [_SURVEY_CHANNELS[c] for c in channel],
            "sent_at": days.timestamps(sent),
        }
    )
    return pa.concat_tables([answers, _unanswered(seed, answers, index, ids, sessions)])


def _unanswered(
    seed: int,
    answers: pa.Table,
    index: NDArray[np.int64],
    ids: NDArray[np.int64],
    sessions: Sessions,
) -> pa.Table:
    """Surveys sent around the visits that were rated, so many that the planted share answered."""
    rng = stream(seed, "unanswered")
    kind = np.array(answers["kind"].to_pylist())
    share = np.where(kind == "nps", truth.SERVICE.answered_nps, truth.SERVICE.answered_csat)
    others = rng.geometric(share) - 1
    near = np.repeat(index, others) + rng.integers(-200, 201, others.sum())
    visit = np.sort(np.clip(near, 0, len(sessions) - 1))
    none = len(visit)
    columns = {
        "responded_at": pa.nulls(none, answers.schema.field("responded_at").type),
        "kind": np.repeat(kind, others)[np.argsort(near, kind="stable")].tolist(),
        "score": pa.nulls(none, answers.schema.field("score").type),
        "user_id": ids[sessions.user[visit]],
        "comment": pa.nulls(none, pa.string()),
        "channel": [_SURVEY_CHANNELS[c] for c in rng.choice(3, none, p=(0.7, 0.1, 0.2))],
        "sent_at": days.timestamps(sessions.start[visit] + rng.integers(600, 1_200, none)),
    }
    return pa.table(columns, schema=answers.schema)


def _nps(rng: np.random.Generator, day: NDArray[np.int64]) -> NDArray[np.int64]:
    plan = truth.SERVICE
    bad = days.months()[day] == plan.october
    promoter = np.where(bad, plan.promoters_october, plan.promoters)
    detractor = np.where(bad, plan.detractors_october, plan.detractors)
    draw = rng.random(len(day))
    low = rng.choice(7, len(day), p=(0.08, 0.04, 0.06, 0.10, 0.14, 0.24, 0.34))
    return np.select(
        [draw < promoter, draw >= 1 - detractor],
        [rng.integers(9, 11, len(day)), low],
        rng.integers(7, 9, len(day)),
    )


def _csat(rng: np.random.Generator, day: NDArray[np.int64]) -> NDArray[np.int64]:
    plan = truth.SERVICE
    until = truth.OUTAGE.end + dt.timedelta(days=plan.outage_echo_days)
    echo = days.between(day, truth.OUTAGE.start, until)
    satisfied = rng.random(len(day)) < np.where(echo, plan.satisfied_outage, plan.satisfied)
    good = rng.choice((4, 5), len(day), p=(0.45, 0.55))
    return np.where(satisfied, good, rng.choice((1, 2, 3), len(day), p=(0.3, 0.25, 0.45)))


def _comment(rng: np.random.Generator, words: Words, kind: str, score: int, day: int) -> str:
    bad, fine = (6, 8) if kind == "nps" else (2, 3)
    mood = "bad" if score <= bad else "fair" if score <= fine else "good"
    theme = _THEMES[rng.choice(len(_THEMES), p=_THEME_SHARES)]
    if mood != "good":
        for first, last, incident, share in reversed(_INCIDENTS):
            if first <= days.date_of(day) <= last and rng.random() < share:
                theme, mood = incident, "bad"
                break
    return words.comment(rng, theme, mood)
