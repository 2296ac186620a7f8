"""Themes of short texts: planted ones are found, and found again."""

from __future__ import annotations

import numpy as np
import pytest

from opsnb.analysis.methods.topics import _error, _factorised, topics
from opsnb.base.errors import MethodError

SUBJECTS = [
    ("payment", "charged", "twice"),
    ("parcel", "late", "courier"),
    ("app", "crash", "slow"),
]


def documents(n: int = 90) -> tuple[list[list[str]], np.ndarray]:
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 3, n)
    noise = [f"word{i}" for i in range(12)]
    made = [[*rng.choice(SUBJECTS[t], 2, replace=False), *rng.choice(noise, 2)] for t in truth]
    return made, truth


def test_planted_themes_are_found() -> None:
    made, truth = documents()
    found = topics(made, 3)
    assert len(found) == 3
    for topic in found:
        subject = next(i for i, words in enumerate(SUBJECTS) if topic.terms[0] in words)
        assert set(topic.terms[:3]) == set(SUBJECTS[subject])
        assert (truth[topic.members] == subject).mean() > 0.9
    members = np.concatenate([topic.members for topic in found])
    assert len(set(members)) == len(members)
    assert [len(t.members) for t in found] == sorted((len(t.members) for t in found), reverse=True)


def test_the_same_texts_give_the_same_themes() -> None:
    made, _ = documents()
    assert [t.terms for t in topics(made, 3)] == [t.terms for t in topics(made, 3)]


def test_steps_lower_the_error_and_parts_are_not_negative() -> None:
    x = np.abs(np.random.default_rng(1).normal(size=(30, 20)))
    w, h = _factorised(x, 4, 0)
    assert (w >= 0).all() and (h >= 0).all()
    whole = float(np.sum((x - w @ h) ** 2))
    assert _error(x, w, h) + float(np.sum(x * x)) == pytest.approx(whole)
    best = np.linalg.svd(x, compute_uv=False)[4:]  # no rank-4 product is nearer
    assert np.sum(best**2) <= whole < np.sum((x - x.mean()) ** 2)


def test_empty_documents_belong_nowhere() -> None:
    made, _ = documents()
    found = topics([*made, [], ["unheard-of"]], 3)
    assert {len(made), len(made) + 1}.isdisjoint(np.concatenate([t.members for t in found]))


@pytest.mark.parametrize(
    ("made", "k", "words"),
    [
        ([["a"]], 1, "at least 2"),
        ([["a"], ["b"], ["c"]], 1, "at least 1"),
        ([["a"]] * 9, 0, "themes"),
    ],
)
def test_too_little_is_refused(made: list[list[str]], k: int, words: str) -> None:
    with pytest.raises(MethodError, match=words):
        topics(made, k)
