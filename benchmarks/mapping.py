"""How often does `opsnb map` find the right table and column, and is it right where it is sure?

    python -m benchmarks.mapping [--data ../shared/data] [--write]

Reads DATA/exports/gold/mapping.toml, a right mapping by hand of each table:

    ["folder/file.csv"]
    contract = "orders"                  # or a list: each is right; "none": a table of no contract
    reading = {encoding = "gb18030"}     # what it needs; whitespace = true: blanks part columns
    columns = {amount = ["Total"]}       # each is right; "*x": an expression over x, not counted
    unmapped = ["cost"]                  # columns that have no source, and must stay empty

and prints tables found, columns found first and among the first three, false fills, and how often
a match of a score was right; then the same with other names: camelCase, a prefix, vowels dropped,
Chinese in pinyin; and with a dictionary that knows none of the table's own names, not even
`date`, which is what names that nobody foresaw cost. Columns are counted in the right reading, so
that a wrong table costs once.
Exits with 1 below its goals. --write puts the tables into docs/mapping.md.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from opsnb.analysis.mapping import names as dictionary
from opsnb.analysis.mapping.names import sound_of, words
from opsnb.analysis.mapping.profile import TableProfile, profile_table
from opsnb.analysis.mapping.score import GUESSED, WRITTEN, Match, read_as, read_table
from opsnb.analysis.sources import connect
from opsnb.base.workspace import SourceConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "mapping.md"
BEGIN, END = "<!-- accuracy: python -m benchmarks.mapping --write -->", "<!-- end of accuracy -->"
GOALS = {"tables": 0.9, "columns": 0.8, "among three": 0.95}

Rename = Callable[[str], str]


@dataclass
class Tally:
    """What was found of the tables: counts, and (score, right) of each match."""

    tables: list[bool] = field(default_factory=list)
    first: list[bool] = field(default_factory=list)
    three: list[bool] = field(default_factory=list)
    false: list[bool] = field(default_factory=list)
    scores: list[tuple[float, bool]] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)

    @property
    def row(self) -> str:
        return " | ".join(_of(each) for each in (self.tables, self.first, self.three, self.false))

    def share(self, low: float, high: float) -> str:
        """How many matches with a score in [low, high) were right."""
        return _of([right for score, right in self.scores if low <= score < high])


def _of(hits: list[bool]) -> str:
    share = f" ({100 * sum(hits) / len(hits):.0f} %)" if hits else ""
    return f"{sum(hits)} of {len(hits)}{share}"


def profiles(data: Path) -> Iterator[tuple[str, dict[str, Any], TableProfile]]:
    """The tables of the gold mapping, each looked at once."""
    gold = tomllib.loads((data / "exports/gold/mapping.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        for name, right in gold.items():
            path, reading = data / name, right.get("reading", {})
            if reading.get("whitespace"):
                path = Path(folder) / f"{path.stem}.csv"
                lines = (data / name).read_text(encoding="utf-8").splitlines()
                path.write_text("\n".join(",".join(line.split()) for line in lines), "utf-8")
            scheme = "parquet" if path.suffix == ".parquet" else "csv"
            config = SourceConfig(
                url=f"{scheme}://{path.resolve()}",
                encoding=reading.get("encoding", "utf-8"),
                dates="day first",
            )
            config._name = "gold"
            source = connect(config, Path(folder))
            yield name, right, profile_table(source, source.tables()[0])


def judge(
    tally: Tally, name: str, right: dict[str, Any], table: TableProfile, rename: Rename
) -> None:
    """Adds what is found of a table, its columns renamed."""
    table = _renamed(table, rename)
    found = read_table(table).best
    wanted = right["contract"] if isinstance(right["contract"], list) else [right["contract"]]
    hit = (found.contract if found else "none") in wanted
    tally.tables.append(hit)
    if not hit:
        tally.misses.append(f"{name}: {found.contract if found else 'none'}, not {wanted[0]}")
    if wanted == ["none"]:
        return
    reading = found if found and hit else read_as(table, wanted[0])
    for column, sources in right["columns"].items():
        names = [sources] if isinstance(sources, str) else sources
        if not names[0].startswith("*"):
            truth = {rename(one.strip()) for one in names}
            match, others = reading.columns.get(column), reading.others[column]
            _column(tally, f"{name}: {column}", truth, match, others)
    for column in right.get("unmapped", []):
        match = reading.columns.get(column)
        filled = match is not None and match.score >= GUESSED
        tally.false.append(filled)
        if filled and match:
            tally.scores.append((match.score, False))
            tally.misses.append(
                f"{name}: {column} filled with {match.column.name} ({match.score:.2f})"
            )


def _column(tally: Tally, where: str, truth: set[str], match: Match | None, others: Any) -> None:
    hit = match is not None and match.column.name.strip() in truth
    best = [one.column.name.strip() for one in others[:3]]
    tally.first.append(hit)
    tally.three.append(hit or any(name in truth for name in best))
    if match is not None:
        tally.scores.append((match.score, hit))
    if not hit:
        shown = f"{match.column.name} ({match.score:.2f})" if match else "nothing"
        tally.misses.append(f"{where}: {shown}, not {' or '.join(sorted(truth))}")


def _renamed(table: TableProfile, rename: Rename) -> TableProfile:
    columns = {}
    for name, one in table.columns.items():
        new = rename(name.strip())
        columns[new if new not in columns else f"{new}_2"] = replace(one, name=new)
    return replace(table, columns=columns)


def camel(name: str) -> str:
    """order_date as orderDate."""
    first, *rest = words(name).split() or [name]
    return first + "".join(word.capitalize() for word in rest)


def behind(name: str) -> str:
    return f"f_{words(name).replace(' ', '_')}"


def boneless(name: str) -> str:
    """order_date as ordr_dt."""
    return "_".join(w[0] + re.sub("[aeiou]", "", w[1:]) for w in words(name).split()) or name


def in_pinyin(name: str) -> str:
    """订单编号 as dingdanbianhao; names without Chinese stay."""
    return sound_of(name) or name


@contextlib.contextmanager
def unforeseen(columns: Iterable[str]) -> Iterator[None]:
    """The dictionary without these very names."""
    known, own = dictionary.column_names, {words(name).replace(" ", "") for name in columns}
    less = {
        column: {s: w for s, w in names.items() if s.replace(" ", "") not in own}
        for column, names in known().items()
    }
    dictionary.column_names = lambda: less  # type: ignore[assignment]
    dictionary._near.cache_clear()
    try:
        yield
    finally:
        dictionary.column_names = known
        dictionary._near.cache_clear()


UNFORESEEN = "unknown to the dictionary, all of them"
VARIANTS: dict[str, Rename] = {
    "as they are": lambda name: name,
    "camelCase": camel,
    "behind a prefix, f_": behind,
    "Chinese in pinyin": in_pinyin,
    "without vowels": boneless,
}
BANDS = (
    (WRITTEN, 1.01, "written"),
    (GUESSED, WRITTEN, "written as a guess"),
    (0.0, GUESSED, "asked"),
)


def report(tallies: dict[str, Tally]) -> str:
    """The tables as Markdown."""
    lines = [
        "| names | right table | right column first | among the first three | false fills |",
        "|---|---|---|---|---|",
        *(f"| {name} | {tally.row} |" for name, tally in tallies.items()),
        "",
        "| score | what becomes of it | right, names as they are | right, all rows above |",
        "|---|---|---|---|",
    ]
    every = Tally(scores=[pair for tally in tallies.values() for pair in tally.scores])
    plain = tallies["as they are"]
    for low, high, becomes in BANDS:
        shown = f"{low:.2f} and more" if high > 1 else f"{low:.2f} to {high:.2f}"
        lines.append(
            f"| {shown} | {becomes} | {plain.share(low, high)} | {every.share(low, high)} |"
        )
    return "\n".join(lines)


def write(text: str) -> None:
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def reached(tally: Tally) -> bool:
    """Whether the goals are met with names as they are."""
    shares = {"tables": tally.tables, "columns": tally.first, "among three": tally.three}
    return all(sum(hits) >= GOALS[name] * len(hits) for name, hits in shares.items())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    tallies = {name: Tally() for name in (*VARIANTS, UNFORESEEN)}
    for name, right, table in profiles(arguments.data):
        for variant, rename in VARIANTS.items():
            judge(tallies[variant], name, right, table, rename)
        with unforeseen(table.columns):
            judge(tallies[UNFORESEEN], name, right, table, VARIANTS["as they are"])
    text = report(tallies)
    print(text)
    print("\n".join(["", *(f"- {miss}" for miss in tallies["as they are"].misses)]))
    if arguments.write:
        write(text)
    return 0 if reached(tallies["as they are"]) else 1


if __name__ == "__main__":
    sys.exit(main())
