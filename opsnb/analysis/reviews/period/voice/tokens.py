"""Cuts comments into words: Chinese by dictionary, English by spaces."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal

Script = Literal["zh", "en"]

_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[a-z][a-z'’]+")

_FILE = Path(__file__).with_name("fillers.toml")
_FILLERS = {
    script: frozenset(words.split())
    for script, words in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()
}
"""Words that say nothing of what a comment is about."""


def script_of(text: str) -> Script:
    """`zh` where a fifth or more of the letters are Chinese characters."""
    letters = [c for c in text if c.isalpha()]
    han = len(_HAN.findall(text))
    return "zh" if letters and han >= 0.2 * len(letters) else "en"


def words_of(text: str, script: Script) -> list[str]:
    """Words that may carry a theme: no fillers, no single letters or characters."""
    if script == "en":
        found = (word.replace("’", "'") for word in _WORD.findall(text.lower()))
        return [word for word in found if len(word) > 2 and word not in _FILLERS["en"]]
    import rjieba  # loads its dictionary with the first use

    cut = (word.strip().lower() for word in rjieba.cut(text))
    return [
        word for word in cut if len(word) > 1 and _HAN.search(word) and word not in _FILLERS["zh"]
    ]
