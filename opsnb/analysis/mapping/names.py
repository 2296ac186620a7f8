"""What columns and tables are called: names compared with the dictionary of synonyms.toml.

A name is a known one, or one behind a prefix, in pinyin, without its vowels, in part, or nearly.
"""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

__all__ = [
    "Name", "best_name", "column_names", "common_prefix", "nulls", "sound_of", "status_words",
    "table_names", "telling", "value_words", "words",
]  # fmt: skip

_LAST = 0.75
"""Weight of the last synonym of a list; the first weighs 1."""

_ALIKE = 0.86
"""Least likeness at which a name counts as another one misspelt."""

_LIGHT = frozenset(
    ["id", "at", "on", "no", "date", "time", "name", "type", "code", "key", "of", "the"]
)
"""Words that many names share, so that they tell little."""

_SMALLER = frozenset(["sub", "line", "lineitem", "item", "row", "product"])
"""Before the name of a whole they name its part: `line_item_id`."""

_BRACKETS = re.compile(r"[(\[{（【［].*?[)\]}）】］]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAK = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


class Name(NamedTuple):
    """How well a column's name fits; `sure` is false where only a likeness speaks for it."""

    weight: float = 0.0
    synonym: str = ""
    how: str = ""
    sure: bool = True


def words(name: str) -> str:
    """A name as it is compared: NFKC, camelCase split, without brackets, in lower case.

    >>> words("orderCreatedAt"), words("Spend [USD]"), words("收货地址 "), words("f_user_id")
    ('order created at', 'spend', '收货地址', 'f user id')
    """
    text = unicodedata.normalize("NFKC", name)
    bare = _BRACKETS.sub(" ", text)
    text = bare if bare.strip() else text
    return " ".join(_BREAK.sub(" ", _CAMEL.sub(" ", text).lower()).split())


def common_prefix(names: Sequence[str]) -> str:
    """The first word that four of five names share: a prefix of the system they come from.

    >>> common_prefix(["f_id", "f_date", "f_total", "f_state"])
    'f'
    """
    heads = [words(name).partition(" ")[0] for name in names if " " in words(name)]
    if len(heads) < 3:
        return ""
    head = max(set(heads), key=heads.count)
    return head if heads.count(head) >= 0.8 * len(names) else ""


@functools.cache
def _dictionary() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("synonyms.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@functools.cache
def column_names() -> Mapping[str, Mapping[str, float]]:
    """By `contract.column` its synonyms, each with its weight."""
    lists = _dictionary()["lists"]
    found = {}
    for column, names in _dictionary()["columns"].items():
        every = [s for n in names for s in (lists[n[1:]] if n.startswith("@") else [n])]
        own = column.partition(".")[2].replace("_", " ")
        english = [own, *(s for s in every if s.isascii())]
        found[column] = _weighed(english) | _weighed([s for s in every if not s.isascii()])
    return found


def _weighed(names: Sequence[str]) -> dict[str, float]:
    steps = max(len(names) - 1, 1)
    falling = [(name, 1 - (1 - _LAST) * place / steps) for place, name in enumerate(names)]
    return dict(reversed(falling))  # the first of equal names counts


@functools.cache
def table_names() -> Mapping[str, frozenset[str]]:
    """By contract what its tables are called, in the singular, too."""
    return {
        contract: frozenset({*names, *(n.removesuffix("s") for n in names)})
        for contract, names in _dictionary()["tables"].items()
    }


def telling(what: str) -> Mapping[str, Any]:
    """By contract, `weights`: what each column tells of the table, what others have too less;
    `signs`: the columns of which a table has one, or it is none of the contract."""
    found: Mapping[str, Any] = _dictionary()[what]
    return found


def value_words(kind: str) -> frozenset[str]:
    """What values of a kind (`channel`, `device`, `event`, ...) are called."""
    return frozenset(_dictionary()["values"][kind])


def status_words() -> Mapping[str, frozenset[str]]:
    """Words of statuses, by what they mean for the sale; `open` decides nothing yet."""
    return {meaning: frozenset(w) for meaning, w in _dictionary()["values"]["status"].items()}


def nulls() -> frozenset[str]:
    """Words that stand for nothing."""
    return frozenset(_dictionary()["nulls"]["any"])


def best_name(name: str, column: str, prefixes: Iterable[str] = ()) -> Name:
    """How well a name fits `contract.column`; `prefixes` may be left off."""
    plain = words(name)
    if not plain:
        return Name()
    known = column_names()[column]
    if found := _known(plain, known):
        return found
    for prefix in prefixes:
        rest = plain.removeprefix(f"{prefix} ")
        if rest != plain and (found := _known(rest, known)):
            return found._replace(weight=found.weight * 0.95, how="behind a prefix")
    if _CHINESE.search(plain):
        return _chinese(plain, known)
    return max(
        (
            _pinyin(plain, known),
            _skeleton(plain, known),
            _in_part(plain, known),
            _nearly(plain, known),
        ),
        key=lambda one: one.weight,
    )


def _known(plain: str, known: Mapping[str, float]) -> Name | None:
    joined = plain.replace(" ", "")
    if plain in known:
        return Name(known[plain], plain, "named")
    for synonym, weight in _joined(tuple(known.items())).get(joined, ()):
        return Name(weight * 0.98, synonym, "named")
    return None


@functools.cache
def _joined(known: tuple[tuple[str, float], ...]) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for synonym, weight in known:
        found.setdefault(synonym.replace(" ", ""), []).append((synonym, weight))
    return found


def _chinese(plain: str, known: Mapping[str, float]) -> Name:
    """The longest synonym that a Chinese name ends in, or holds."""
    best = Name()
    for synonym, weight in known.items():
        if len(synonym) < 2 or not _CHINESE.search(synonym) or synonym not in plain:
            continue
        share = len(synonym) / len(plain)
        ends = 1.0 if plain.endswith(synonym) else 0.8
        ends *= 0.6 if plain.startswith(("子", "商品")) else 1.0
        if (worth := weight * ends * (0.5 + 0.5 * share) * 0.9) > best.weight:
            best = Name(worth, synonym, "in part")
    return best


@functools.cache
def _sounds() -> dict[str, str]:
    return {sign: sound for sound, signs in _dictionary()["pinyin"].items() for sign in signs}


@functools.cache
def _pinyin_of(synonym: str) -> tuple[str, str]:
    """A synonym's sound in full and by initials; empty where it is not all Chinese."""
    sounds = [_sounds().get(sign, sign if sign.isascii() else "") for sign in synonym]
    if not _CHINESE.search(synonym) or not all(sounds):
        return "", ""
    return "".join(sounds), "".join(s[0] if len(s) > 1 else s for s in sounds)


def _pinyin(plain: str, known: Mapping[str, float]) -> Name:
    """Chinese names written by their sound, in full or by initials."""
    best, joined = Name(), plain.replace(" ", "")
    for synonym, weight in known.items():
        full, initials = _pinyin_of(synonym)
        worth = weight * 0.95 if full == joined and full else 0.0
        if len(initials) >= 3 and initials == joined:
            worth = max(worth, weight * 0.8)
        if worth > best.weight:
            best = Name(worth, synonym, "in pinyin")
    return best


def _bones(plain: str) -> str:
    return "".join(w[0] + re.sub("[aeiou]", "", w[1:]) for w in plain.split())


@functools.cache
def _bones_of(synonym: str) -> str:
    return _bones(synonym)


def _skeleton(plain: str, known: Mapping[str, float]) -> Name:
    """Names without their vowels: `cstmr_id`."""
    joined = plain.replace(" ", "")
    if len(joined) < 3 or _bones(plain) != joined:
        return Name()
    fits = [
        (w, s) for s, w in known.items() if s.isascii() and len(s) > 3 and _bones_of(s) == joined
    ]
    weight, synonym = max(fits, default=(0.0, ""))
    return Name(weight * 0.85, synonym, "named without vowels") if synonym else Name()


def _in_part(plain: str, known: Mapping[str, float]) -> Name:
    """Names that share words with a synonym, weighed by how much the words tell."""

    def worth_of(these: Iterable[str]) -> float:
        return sum(0.35 if word in _LIGHT else 1.0 for word in these)

    own, best = set(plain.split()), Name()
    for synonym, weight in known.items():
        theirs = set(synonym.split())
        shared = own & theirs
        if worth_of(shared) < 1:
            continue
        share = worth_of(shared) / worth_of(own | theirs)
        ends = plain.endswith(f" {synonym}")  # what an English name is stands at its end
        worth = weight * max(share * 0.8 if share >= 0.5 else 0.0, 0.65 if ends else 0.0)
        worth *= 0.6 if _SMALLER & (own - theirs) else 1.0
        if worth > best.weight:
            best = Name(worth, synonym, "in part", share > 0.7)
    return best


def _nearly(plain: str, known: Mapping[str, float]) -> Name:
    """Names that are nearly a synonym, letter by letter."""
    fits = [(known[s] * alike * 0.8, s) for s, alike in _near(plain).items() if s in known]
    weight, synonym = max(fits, default=(0.0, ""))
    return Name(weight, synonym, "named nearly", False) if synonym else Name()


@functools.cache
def _near(plain: str) -> Mapping[str, float]:
    """Every synonym that a name is nearly, with its likeness."""
    every = sorted({s for known in column_names().values() for s in known if s.isascii()})
    near = difflib.get_close_matches(plain, every, n=20, cutoff=_ALIKE)
    return {s: difflib.SequenceMatcher(None, plain, s).ratio() for s in near}


def sound_of(name: str) -> str:
    """A Chinese name in pinyin, as far as the dictionary knows its signs; else empty.

    >>> sound_of("订单编号")
    'dingdanbianhao'
    """
    return _pinyin_of(words(name).replace(" ", ""))[0]
