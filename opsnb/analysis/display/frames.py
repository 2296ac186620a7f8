"""Tables and charts as data frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Grid = Mapping[str, Any]
"""A `opsnb.base.page_parts.Grid` in one language, as JSON holds it."""


@dataclass(frozen=True)
class Framed:
    """A table or chart as data.

    Attributes
    ----------
    data : dict
        Its columns (with labels, units, formats and roles), rows and texts.
    """

    data: Grid

    @property
    def frame(self) -> pd.DataFrame:
        """The rows as a pandas data frame; columns are named by their ids."""
        return data_frame(self.data)

    def __repr__(self) -> str:
        return repr(self.frame)

    def _repr_html_(self) -> str:
        shown: str = self.frame._repr_html_()
        return shown


def framed(parts: Sequence[Grid], kind: str) -> list[Framed]:
    """The tables or the charts among the parts of a cell, those in folds too."""
    return [Framed(part) for part in _flat(parts) if part["is"] == kind]


def _flat(parts: Sequence[Grid]) -> Iterator[Grid]:
    for part in parts:
        yield part
        yield from _flat(part.get("parts", ()))


def data_frame(grid: Grid) -> pd.DataFrame:
    """A table's or chart's rows as a data frame.

    Numbers are floats or nullable integers, whatever unit each row has, days datetimes, truths
    booleans; a cell that is withheld or empty is missing. An interval takes the columns `ID_low`
    and `ID_high`, the status of a value the column `ID_status` in words.

    Parameters
    ----------
    grid : dict
        A part of report.json that is a table or a chart.
    """
    import pandas as pd

    series: dict[str, pd.Series] = {}
    for index, column in enumerate(grid["columns"]):
        name, cells = column["id"], [row[index] for row in grid["rows"]]
        if column["type"] == "interval":
            for side in ("low", "high"):
                series[f"{name}_{side}"] = _typed([_of(cell, side) for cell in cells], "number")
            continue
        values = [_of(cell, "v") for cell in cells]
        words = [_of(cell, "word") for cell in cells]
        told = any(_of(cell, "tone") for cell in cells)
        if told and not any(value is not None for value in values):  # a column of states alone
            values, told = words, False
        series[name] = _typed(values, column["type"])
        if told:
            series[f"{name}_status"] = _typed(words, "text")
    return pd.DataFrame(series)


def _of(cell: Any, key: str) -> Any:
    """Part of a cell; a plain one is its own value, as are the values of a line."""
    if isinstance(cell, Mapping):
        return cell.get(key, cell.get("line") if key == "v" else None)
    return cell if key == "v" else None


def _typed(values: Sequence[Any], kind: str) -> pd.Series:
    """The values as their column's type has them; as they are where some are of another."""
    import pandas as pd

    known = [value for value in values if value is not None]
    if kind in ("date", "time") and all(isinstance(value, str) for value in known):
        return pd.to_datetime(pd.Series(values, dtype="object"), errors="coerce")
    if kind == "bool" and all(isinstance(value, bool) for value in values):
        return pd.Series(values, dtype="bool")
    if known and kind in ("number", "text") and all(_is_number(value) for value in known):
        whole = all(isinstance(value, int) for value in known)
        return pd.Series(values, dtype="Int64" if whole else "float64")
    return pd.Series(values, dtype="object")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
