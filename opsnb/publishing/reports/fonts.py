"""The fonts of a page: Noto Sans SC in two weights, and others for what it has no glyph for."""

from __future__ import annotations

import base64
import functools
import html
import importlib.util
import re
import struct
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uharfbuzz as hb

from opsnb.base import resources
from opsnb.base.errors import PublishError

FAMILY = "Noto Sans SC"
WEIGHTS = {400: "NotoSansSC-Regular-gb2312.ttf", 700: "NotoSansSC-Bold-gb2312.ttf"}

RARE = "NotoSansSC-Regular-rare.ttf"
"""What GB2312 lacks of the 8,105 characters of China's General Standard Table: people's names."""

_FULL = ("zhplot", "NotoSansSC-Regular*.[to]tf")
_SYMBOLS = ("matplotlib", "DejaVuSans.ttf")
_BOLD_SYMBOLS = ("matplotlib", "DejaVuSans-Bold.ttf")
"""Package and file of the fonts that others bring along, used where they are installed."""

_FEATURES = ("ccmp", "kern", "liga", "locl", "mark")
_DROPPED = ("FFTM",)
"""A time stamp in some fonts."""

_WIDE_PUNCTUATION = frozenset("‘’“”·…")
"""As wide as a Chinese character in Noto Sans SC: other languages take it from elsewhere."""

_UNSEEN = re.compile(r"<(style|script)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Face:
    """A font file, and the characters of a page that are taken from it.

    `ranged` limits it to just these, in front of the fonts before it.
    """

    path: Path
    weight: int
    characters: frozenset[str]
    ranged: bool = False


def page_characters(page: str) -> frozenset[str]:
    """The characters that a page of HTML shows, markup and styles left out."""
    return frozenset(html.unescape(_UNSEEN.sub(" ", page))) | frozenset("…–0123456789")


def faces(characters: frozenset[str], *, chinese: bool) -> list[Face]:
    """Which font draws which character: ours first, then what the machine has for the rest."""
    chosen = [
        Face(path, weight, _drawn_by(path, characters)) for weight, path in font_files().items()
    ]
    rest = characters - chosen[0].characters
    # A face counts for its weight only: a rare character in bold text needs one there too.
    wanted = [(path, weight, rest) for path in _others() for weight in WEIGHTS]
    if not chinese:
        narrow = characters & _WIDE_PUNCTUATION
        for font, weight in ((_SYMBOLS, 400), (_BOLD_SYMBOLS, 700)):
            wanted += [(path, weight, narrow) for path in filter(None, [_found(font)])]
    for path, weight, some in wanted:
        held = frozenset().union(*(f.characters for f in chosen if f.ranged and f.weight == weight))
        if drawn := _drawn_by(path, some - held):
            chosen.append(Face(path, weight, drawn, ranged=True))
    return [face for face in chosen if face.characters]


def _others() -> list[Path]:
    """Fonts for what the first two lack, in the order in which they are asked."""
    return [_checked(resources.fonts() / RARE), *filter(None, [_found(_FULL), _found(_SYMBOLS)])]


def font_files() -> dict[int, Path]:
    """The two fonts of nearly all text, by weight.

    Raises
    ------
    PublishError
        One is missing: text would vanish from the PDF without a word.
    """
    return {weight: _checked(resources.fonts() / name) for weight, name in WEIGHTS.items()}


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise PublishError(
            "a font of the reports is missing",
            where=path.name,
            hint="install opsnb again; its fonts belong to the package",
        )
    return path


def font_paths() -> list[Path]:
    """All fonts that a page may use."""
    return [*font_files().values(), *_others(), *filter(None, [_found(_BOLD_SYMBOLS)])]


def missing_glyphs(characters: frozenset[str]) -> frozenset[str]:
    """Characters that none of these fonts can draw."""
    drawn = frozenset().union(*(face.characters for face in faces(characters, chinese=True)))
    return frozenset(c for c in characters - drawn if _is_visible(c))


def _is_visible(character: str) -> bool:
    """Letters, digits, punctuation and symbols; also private ones, whose glyph nobody knows."""
    category = unicodedata.category(character)
    return category[0] in "LNPS" or category == "Co"


def font_rules(characters: frozenset[str], source: Callable[[Face], str], *, chinese: bool) -> str:
    """`@font-face` rules for these characters; `source` gives each font's `src`."""
    return "\n".join(
        f'@font-face{{font-family:"{FAMILY}";font-weight:{face.weight};font-display:swap;'
        f"src:{source(face)}{_unicode_range(face)}}}"
        for face in faces(characters, chinese=chinese)
    )


def separate_families(page: str, *, chinese: bool) -> tuple[str, str]:
    """The page and its rules for an engine that does not know `unicode-range`.

    What comes from other fonts is cut down to the characters in use, each as a family of its
    own that is asked before ours.
    """
    every = faces(page_characters(page), chinese=chinese)
    others = list(dict.fromkeys(face.path for face in every if face.ranged))
    rules, names = [], {path: f"opsnb {number}" for number, path in enumerate(others, start=1)}
    for face in every:
        name = names[face.path] if face.ranged else FAMILY
        # A space beside such a character is drawn from the same font.
        cut = replace(face, characters=face.characters | {" "})
        source = embedded(cut) if face.ranged else f"url({face.path.as_uri()})"
        rules.append(f'@font-face{{font-family:"{name}";font-weight:{face.weight};src:{source}}}')
    for quote in "\"'":
        asked = [f"{quote}{name}{quote}" for name in [*names.values(), FAMILY]]
        page = page.replace(asked[-1], ", ".join(asked))
    return page, "\n".join(rules)


def embedded(face: Face) -> str:
    """The `src` of a font cut down to the glyphs in use, inside the page itself."""
    data = base64.b64encode(_subset(face.path, face.characters)).decode("ascii")
    return f"url(data:font/woff;base64,{data})format('woff')"


def _unicode_range(face: Face) -> str:
    if not face.ranged:
        return ""
    return ";unicode-range:" + ",".join(f"U+{ord(c):X}" for c in sorted(face.characters))


@functools.cache
def _found(font: tuple[str, str]) -> Path | None:
    # Found, never imported: importing zhplot changes matplotlib's settings.
    package, pattern = font
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(folder).rglob(pattern)):
            return path
    return None


def _drawn_by(path: Path, characters: frozenset[str]) -> frozenset[str]:
    coverage = _coverage(path)
    return frozenset(c for c in characters if ord(c) in coverage)


@functools.cache
def _face(path: Path) -> hb.Face:
    return hb.Face(hb.Blob.from_file_path(str(path)))


@functools.cache
def _coverage(path: Path) -> frozenset[int]:
    return frozenset(_face(path).unicodes)


@functools.lru_cache(maxsize=32)
def _subset(path: Path, characters: frozenset[str]) -> bytes:
    """A WOFF file. WOFF2 would be a fifth smaller and take many times as long."""
    return _woff(_cut(path, characters))


def _woff(font: bytes) -> bytes:
    """A TrueType or OpenType font with its tables compressed (W3C: WOFF File Format 1.0)."""
    flavor, count = struct.unpack_from(">IH", font)
    tables = [struct.unpack_from(">4s3I", font, 12 + 16 * number) for number in range(count)]
    entries, body, place = [], [], 44 + 20 * count
    for tag, checksum, start, length in tables:
        plain = font[start : start + length]
        packed = min(plain, zlib.compress(plain), key=len)  # of one length it counts as plain
        entries.append(struct.pack(">4s4I", tag, place, len(packed), length, checksum))
        body.append(packed + bytes(-len(packed) % 4))
        place += len(body[-1])
    unpacked = 12 + sum(16 + length + -length % 4 for *_, length in tables)
    head = struct.pack(">4sIIHHIHH5I", b"wOFF", flavor, place, count, 0, unpacked, 1, 0, *[0] * 5)
    return b"".join([head, *entries, *body])


def _cut(path: Path, characters: frozenset[str]) -> bytes:
    """A font with only what these characters need; who made it and its licence stay."""
    wanted = hb.SubsetInput()
    wanted.unicode_set.update(map(ord, characters))
    wanted.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NOTDEF_OUTLINE
    wanted.layout_feature_tag_set.clear()
    wanted.layout_feature_tag_set.update(map(_tag, _FEATURES))
    wanted.drop_table_tag_set.update(map(_tag, _DROPPED))
    for names in (wanted.name_id_set, wanted.name_lang_id_set):
        names.clear()
        names.invert()
    return bytes(hb.subset(_face(path), wanted).blob.data)


def _tag(name: str) -> int:
    """An OpenType tag as HarfBuzz takes it."""
    return int.from_bytes(name.encode("ascii"), "big")
