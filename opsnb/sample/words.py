"""What users write and what the team's tasks are called: the pools of words.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_ENGLISH_SHARE = 0.18
_OPENING_SHARE, _TAIL_SHARE = 0.35, 0.30


@dataclass(frozen=True)
class Words:
    """Sentences by language, theme and mood, and the team's projects with their tasks."""

    sentences: Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
    openings: Mapping[str, Mapping[str, Sequence[str]]]
    tails: Mapping[str, Mapping[str, Sequence[str]]]
    goods: Mapping[str, Sequence[str]]
    projects: Mapping[str, Sequence[str]]
    owners: Sequence[str]

    @classmethod
    def load(cls) -> Words:
        text = (Path(__file__).parent / "words.toml").read_text(encoding="utf-8")
        return cls(**tomllib.loads(text))

    def comment(self, rng: np.random.Generator, theme: str, mood: str) -> str:
        """A comment on a theme; `mood` is good, fair or bad, the language drawn."""
        code = "en" if rng.random() < _ENGLISH_SHARE else "zh"
        pools = self.sentences[code][theme]
        body = _pick(rng, pools["good" if mood == "good" else "bad"])
        if mood == "fair" and rng.random() < 0.5:
            body = _pick(rng, self.sentences[code]["fair"]["any"])
        body = body.replace("{goods}", _pick(rng, self.goods[code]))
        tone = "good" if mood == "good" else "bad"
        opening = tail = ""
        if rng.random() < _OPENING_SHARE:
            opening = _pick(rng, self.openings[code][tone])
        if rng.random() < _TAIL_SHARE:
            tail = _pick(rng, self.tails[code][tone])
        return f"{opening}{body}{tail}" if code == "zh" else f"{opening} {body} {tail}".strip()

    def task(self, rng: np.random.Generator) -> tuple[str, str, str]:
        """(project, title, owner) of a task."""
        project = _pick(rng, list(self.projects))
        return project, _pick(rng, self.projects[project]), _pick(rng, self.owners)


def _pick(rng: np.random.Generator, pool: Sequence[str]) -> str:
    return pool[int(rng.integers(len(pool)))]
