"""Themes of many short texts: TF-IDF and non-negative matrix factorisation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from opsnb.analysis.methods.estimate import refuse

STEPS = 120
STARTS = 4
MOST_WORDS = 800
MIN_SHARE = 1e-9


@dataclass(frozen=True)
class Topic:
    """A theme.

    Attributes
    ----------
    terms : tuple of str
        Its strongest words, the strongest first.
    members : ndarray of int
        Positions of the documents that belong to it before all others, the most typical first.
    """

    terms: tuple[str, ...]
    members: np.ndarray


def topics(
    documents: Sequence[Sequence[str]],
    k: int,
    *,
    terms: int = 4,
    min_documents: int = 3,
    max_share: float = 0.5,
    seed: int = 0,
) -> list[Topic]:
    """The themes of documents, the largest first; a document without known words has none.

    Parameters
    ----------
    documents : sequence of sequences of str
        Words of each document.
    k : int
        Themes looked for; one that no document belongs to is left out.
    min_documents, max_share
        Words count that occur in at least so many documents and in at most such a share.

    Notes
    -----
    TF-IDF with smoothed inverse document frequency, rows of length one; multiplicative updates
    for the squared error (Lee and Seung 2001), the best of four seeded starts, so that the same
    texts give the same themes.

    Raises
    ------
    MethodError
        Fewer than two documents a theme, or no word left.
    """
    if k < 1 or len(documents) < 2 * k:
        refuse("number of documents", len(documents), f"at least {2 * max(k, 1)} for {k} themes")
    words = _vocabulary(documents, min_documents, max_share)
    if not words:
        refuse("words in enough documents", 0, "at least 1")
    weights = csr_array(_tf_idf(documents, words))
    starts = (_factorised(weights, min(k, len(words)), seed + n) for n in range(STARTS))
    of_document, of_word = min(starts, key=lambda pair: _error(weights, *pair))
    # Themes count by what they add to a document, whatever the scale of their words.
    share = of_document * np.linalg.norm(of_word, axis=1)
    best = np.where(share.max(axis=1) > MIN_SHARE, share.argmax(axis=1), -1)
    found = []
    for number in range(of_word.shape[0]):
        members = np.flatnonzero(best == number)
        members = members[np.argsort(-share[members, number], kind="stable")]
        strongest = np.argsort(-of_word[number], kind="stable")[:terms]
        if len(members):
            found.append(Topic(tuple(words[i] for i in strongest), members))
    return sorted(found, key=lambda topic: -len(topic.members))


def _vocabulary(
    documents: Sequence[Sequence[str]], min_documents: int, max_share: float
) -> list[str]:
    counts = Counter(word for document in documents for word in set(document))
    most = max_share * len(documents)
    kept = [(n, word) for word, n in counts.items() if min_documents <= n <= most]
    return [word for _, word in sorted(kept, key=lambda pair: (-pair[0], pair[1]))[:MOST_WORDS]]


def _tf_idf(documents: Sequence[Sequence[str]], words: Sequence[str]) -> np.ndarray:
    column = {word: index for index, word in enumerate(words)}
    counts = np.zeros((len(documents), len(words)))
    for row, document in enumerate(documents):
        for word in document:
            if word in column:
                counts[row, column[word]] += 1
    idf = np.log((1 + len(documents)) / (1 + (counts > 0).sum(axis=0))) + 1
    weights: np.ndarray = counts * idf
    norm = np.linalg.norm(weights, axis=1, keepdims=True)
    weights /= np.where(norm > 0, norm, 1)
    return weights


def _factorised(x: csr_array, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Non-negative W (documents by themes) and H (themes by words) with x near W H."""
    rng = np.random.default_rng(seed)
    scale = np.sqrt(x.mean() / k)
    w, h = scale * rng.random((x.shape[0], k)), scale * rng.random((k, x.shape[1]))
    tiny = np.finfo(float).eps
    for _ in range(STEPS):
        h *= (x.T @ w).T / (w.T @ w @ h + tiny)
        w *= (x @ h.T) / (w @ (h @ h.T) + tiny)
    return w, h


def _error(x: csr_array, w: np.ndarray, h: np.ndarray) -> float:
    """The squared error, without the constant part."""
    return float(np.sum((w.T @ w) * (h @ h.T)) - 2 * np.sum((x.T @ w).T * h))
