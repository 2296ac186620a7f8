"""What tells who somebody is: e-mail addresses, phone numbers, identity numbers."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Collection, Iterator

MASK = "***"

_BEFORE, _AFTER = r"(?<![A-Za-z0-9_.,+])", r"(?![A-Za-z0-9_%]|[.,]\d)"
"""A number stands alone: not within a word, a decimal or an amount."""

_KINDS = {
    "email": re.compile(
        r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}[@＠][A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    ),
    # Eighteen digits of a Chinese identity card: place, birthday, number, check digit.
    "identity": re.compile(
        _BEFORE + r"[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
        r"(?![A-Za-z0-9_])"
    ),
    # A mobile number of mainland China, with its country's code or without.
    "mobile": re.compile(
        _BEFORE + r"(?:(?:\+|00)86[ -]?)?1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4})" + _AFTER
    ),
    # Any other country's: a plus (or 00), its code, and six to twelve digits more.
    "phone": re.compile(
        _BEFORE
        + r"(?:\+[1-9]|00[1-9])\d{0,2}[ -]?(?:\(\d{1,4}\)[ -]?)?\d(?:[ -]?\d){5,11}"
        + _AFTER
    ),
}

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


def is_identity(number: str) -> bool:
    """Whether the check digit of an 18-digit Chinese identity number fits (GB 11643-1999)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    return _CHECK[total % 11] == number[17].upper()


def personal(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of everything personal, kind by kind."""
    for kind, pattern in _KINDS.items():
        if kind == "email" and "@" not in text and "＠" not in text:
            continue  # looking for the sign alone takes next to no time
        for match in pattern.finditer(text):
            if _holds(kind, match[0]):
                yield kind, match[0]


def counted(text: str) -> Counter[str]:
    """How often each kind occurs in a text."""
    return Counter(kind for kind, _ in personal(text))


def without_personal(text: str, keep: Collection[str] = ()) -> str:
    """The text with everything personal but `keep` as `***`.

    >>> without_personal("138 0013 8000, a.b@example.com, 11010519491231002X, 20261031")
    '***, ***, ***, 20261031'
    """
    for kind, pattern in _KINDS.items():
        text = pattern.sub(functools.partial(_masked, kind, keep), text)
    return text


def _masked(kind: str, keep: Collection[str], match: re.Match[str]) -> str:
    return MASK if match[0] not in keep and _holds(kind, match[0]) else match[0]


def _holds(kind: str, text: str) -> bool:
    return kind != "identity" or is_identity(text)


def is_personal_name(name): return False
