"""Characters of the data that would act on a page or terminal instead of being read."""

from __future__ import annotations

import hashlib
import re

MARK = "□"
"""Stands for a character that must not act; the report's fonts have it."""

LONGEST = 2_000
"""Characters of a text of the data that a report shows."""

_ACTING = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls but tab, line feed, return: ESC moves cursors
    "\u202a-\u202e\u2066-\u2069"  # bidirectional overrides: they show other texts in another order
    "\ud800-\udfff"  # halves of pairs: no file can hold them
    "]"
)


def visible(text: str) -> str:
    """The text with every acting character replaced by `MARK`.

    >>> visible("safe\\x1b[2Jgone")
    'safe□[2Jgone'
    """
    return _ACTING.sub(MARK, text)


def short(text: str) -> str:
    """The text; of one that is longer than anybody reads its beginning, and what tells it apart.

    >>> short("x" * 5000)[-12:]
    'xx…#c59d3c04'
    """
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{text[:LONGEST]}…#{digest}"
