"""Which files of a folder are its tables, and which are left out: copies, hidden, broken links.

A file of a folder is a table named by its stem; the files of a subfolder make one table, and so
do `orders.2026-01.csv` and `orders.2026-02.csv`. Nothing is added up that is the same data
twice, and whatever is left out is said with its reason.
"""

from __future__ import annotations

import difflib
import filecmp
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

from opsnb.base.errors import SourceError

_WORDS = "copy|old|bak|backup|orig|original|tmp|temp"
_SIGNS = "副本|备份|复件|拷贝|旧版"
_NUMBER = r"(?:[ ._-]*[(（]?\d+[)）]?)?"
_COPY = re.compile(
    rf"(?:[ ._-]+(?:{_WORDS})|[ ._-]*[(（]?(?:{_SIGNS})[)）]?){_NUMBER}$", re.IGNORECASE
)
_COPY_OF = re.compile(rf"^(?:copy(?: \(?\d+\)?)? of |(?:{_SIGNS})[ _-]*)", re.IGNORECASE)
_NUMBERED = re.compile(r" ?[(（]\d+[)）]$|[ ._-]\d[\d._-]*$")
_COPIES = re.compile(rf"^(?:{_WORDS}|{_SIGNS})$", re.IGNORECASE)
_SET_ASIDE = re.compile(
    r"(?:~|\.(?:bak|old|orig|tmp|swp|part|crdownload|download|\d+))$", re.IGNORECASE
)
_LOOKED_AT = 1 << 20

Reason = Literal["copy", "hidden", "link", "ending", "beside"]


class LeftOut(NamedTuple):
    """A file that is not read with a table.

    `beside`: it is a table of its own, named by its whole stem, though it looks like a copy.
    """

    file: str
    reason: Reason
    of: str = ""


@dataclass(frozen=True)
class Found:
    """The files of each table, and by table what was left out."""

    tables: dict[str, list[Path]] = field(default_factory=dict)
    left_out: dict[str, list[LeftOut]] = field(default_factory=dict)

    def leave(self, table: str, file: str, reason: Reason, of: str = "") -> None:
        self.left_out.setdefault(table, []).append(LeftOut(file, reason, of))


def locate(url: str, root: Path, where: str) -> Path:
    """The file or folder that a URL names; SourceError with the nearest names when absent."""
    path = root / Path(url.partition("://")[2]).expanduser()
    if path.exists():
        return path
    parent = path.parent
    if not parent.is_dir():
        raise SourceError(
            f"there is no folder {parent}", where=where, hint="relative paths start at opsnb.toml"
        )
    if path.is_symlink():
        raise SourceError(
            f"{path.name} is a link to {path.readlink()}, which does not exist",
            where=where,
            hint="put the file there, or name another in url",
        )
    names = sorted(item.name for item in parent.iterdir() if not _is_hidden(item.name))
    near = difflib.get_close_matches(path.name, names, n=3) or names[:10]
    raise SourceError(
        f"there is no {path.name} in {parent}",
        where=where,
        hint=f"there is {', '.join(near)}" if near else "the folder is empty",
    )


def find_files(url: str, root: Path, endings: tuple[str, ...], where: str) -> Found:
    """Files by table, and what was left out. The URL may name a folder, a single file, or a glob.

    Parameters
    ----------
    endings : tuple of str
        What names of data files end in; of two that differ by it alone the first is read.

    Raises
    ------
    SourceError
        There is none.
    """
    text = url.partition("://")[2]
    if any(sign in text for sign in "*?["):
        anchor = Path(text).expanduser()
        base = Path(anchor.anchor) if anchor.is_absolute() else root
        items = sorted(base.glob(str(anchor.relative_to(anchor.anchor))))
    else:
        given = locate(url, root, where)
        if not given.is_dir():
            return Found({_first(given.name): [given]})
        items = sorted(given.iterdir())
    found = _in_folder(items, endings)
    for folder in items:
        if folder.is_dir() and not _is_hidden(folder.name):
            _add_folder(found, folder, endings)
    if not found.tables:
        aside = [one.file for rows in found.left_out.values() for one in rows]
        raise SourceError(
            f"no data files at {text}"
            + (f" (left out: {', '.join(sorted(set(aside))[:5])})" if aside else ""),
            where=where,
            hint=f"files end in {', '.join(endings)}",
        )
    return found


def data_files(url: str, root: Path, endings: tuple[str, ...], where: str) -> dict[str, list[Path]]:
    """Files by table; see `find_files`, which also tells what was left out."""
    return find_files(url, root, endings, where).tables


def twins(paths: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Files of the very same content, each with the first of them; empty files aside."""
    by_size: dict[int, list[Path]] = {}
    found = []
    for path in paths:
        known = by_size.setdefault(size := path.stat().st_size, [])
        same = next((one for one in known if filecmp.cmp(one, path, shallow=False)), None)
        if same is None:
            known.append(path)
        elif size:
            found.append((path, same))
    return found


# -- a folder ----------------------------------------------------------------------------


def _in_folder(items: Iterable[Path], endings: tuple[str, ...]) -> Found:
    """The tables of the files that lie in the folder itself."""
    found = Found()
    whole = _by_stem(items, endings, found)
    for stem, path in whole.items():
        table = _first(stem)
        original = _original(stem, path, whole)
        if original is None and table != stem:
            original = _another(stem, table, whole)
        if original is not None:  # a table of its own, which the other's readers should know of
            found.tables[stem] = [path]
            found.leave(_first(_stem(original.name, endings)), path.name, "beside", original.name)
        else:
            found.tables.setdefault(table, []).append(path)
    return found


def _add_folder(found: Found, folder: Path, endings: tuple[str, ...]) -> None:
    """The files of a subfolder, and of those within it, as one table."""
    table, parts = folder.name, Found()
    for place in (folder, *_folders(folder, parts)):
        whole = _by_stem(sorted(place.iterdir()), endings, parts)
        for stem, path in whole.items():
            original = _original(stem, path, whole)
            if original is None and _COPIES.match(place.name):
                above = place.parent / path.name
                original = above if above.is_file() else None
            if original is None:
                parts.tables.setdefault(table, []).append(path)
            else:
                parts.leave("", str(path.relative_to(folder)), "copy", original.name)
    files = parts.tables.get(table, [])
    for beside in [path for path in found.tables.get(table, []) if files]:
        if any(_shares_rows(path, beside) for path in files):
            found.tables[table].remove(beside)
            found.leave(table, beside.name, "copy", f"{table}/")
    if files:
        found.tables.setdefault(table, []).extend(files)
    left = [one for rows in parts.left_out.values() for one in rows]
    if left:
        found.left_out.setdefault(table, []).extend(left)


def _folders(folder: Path, found: Found) -> Iterator[Path]:
    """The folders within a folder, but those that are hidden; links to folders are not followed."""
    for item in sorted(folder.iterdir()):
        if item.is_dir() and not item.is_symlink():
            if _is_hidden(item.name) or item.name.startswith("_"):
                if any(item.iterdir()):
                    found.leave("", f"{item.name}/", "hidden")
            else:
                yield item
                yield from _folders(item, found)


def _by_stem(items: Iterable[Path], endings: tuple[str, ...], found: Found) -> dict[str, Path]:
    """The data files of one folder by their names without the ending; notes the others."""
    files = []
    for item in items:
        name = item.name.lower()
        if item.is_symlink() and not item.exists():
            if name.endswith(endings):
                found.leave(_first(item.name), item.name, "link")
        elif item.is_dir():
            continue
        elif name.endswith(endings):
            if _is_hidden(item.name):
                found.leave(_first(item.name.lstrip("._~$")), item.name, "hidden")
            else:
                files.append(item)
        elif _SET_ASIDE.sub("", name).endswith(endings):
            found.leave(_first(item.name), item.name, "ending")
    files.sort(key=lambda path: _rank(path.name, endings))
    whole: dict[str, Path] = {}
    for path in files:
        first = whole.setdefault(stem := _stem(path.name, endings), path)
        if first is not path:
            found.leave(_first(stem), path.name, "copy", first.name)
    return dict(sorted(whole.items()))


def _original(stem: str, path: Path, whole: dict[str, Path]) -> Path | None:
    """The file that another is a copy of, by its name; numbered ones by their rows as well."""
    for pattern in (_COPY, _COPY_OF):
        bare = pattern.sub("", stem)
        if bare != stem and bare in whole:
            return whole[bare]
    bare = _NUMBERED.sub("", stem)
    if bare != stem and bare in whole and _shares_rows(whole[bare], path):
        return whole[bare]
    return None


def _another(stem: str, table: str, whole: dict[str, Path]) -> Path | None:
    """The file whose table a dotted name does not belong to: `spend.csv` beside `spend.final.csv`.

    Numbers and dates tell parts of one table, and so do names without a `spend.csv` beside them.
    """
    if _COPY.search(stem):
        parts = [one for one in whole if _first(one) == table and not _COPY.search(one)]
        return whole[parts[0]] if parts else None
    return whole.get(table) if _NUMBERED.search(stem) is None else None


def _is_hidden(name: str) -> bool:
    """Files of the system and of programs: `._x.csv`, `~$x.xlsx`, `.~lock.x.csv#`."""
    return name.startswith((".", "~$", "__MACOSX"))


def _first(name: str) -> str:
    """The name up to its first dot."""
    return name.partition(".")[0]


def _stem(name: str, endings: tuple[str, ...]) -> str:
    """The name without the longest of the endings that it has."""
    fits = [ending for ending in endings if name.lower().endswith(ending)]
    return name[: -max(map(len, fits))] if fits else _first(name)


def _rank(name: str, endings: tuple[str, ...]) -> int:
    """Where a name's ending stands among the endings."""
    return min(n for n, ending in enumerate(endings) if name.lower().endswith(ending))


# -- rows ----------------------------------------------------------------------------------


def _shares_rows(one: Path, other: Path) -> bool:
    """Whether the smaller of two files holds mostly rows of the other; of texts, by their begin."""
    if one.stat().st_size == other.stat().st_size and filecmp.cmp(one, other, shallow=False):
        return True
    if not all(path.name.lower().endswith((".csv", ".tsv", ".gz")) for path in (one, other)):
        return False
    try:
        first, second = (_rows(path) for path in (one, other))
    except (OSError, EOFError):
        return False
    return len(first & second) * 2 > min(len(first), len(second))


def _rows(path: Path) -> set[bytes]:
    """The first lines of a text file, without that of the names."""
    with opened(path) as file:
        lines = file.read(_LOOKED_AT).splitlines()[1:]
    return {line for line in lines if line.strip()}


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file; unpacked where its name ends in .gz."""
    zipped = path.suffix.lower() == ".gz"
    return cast(IO[bytes], gzip.open(path)) if zipped else path.open("rb")
