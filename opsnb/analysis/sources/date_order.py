"""Dates that begin with their day or their month: which of the two, the values have to show."""

from __future__ import annotations

from typing import Protocol

import duckdb

from opsnb.base.errors import SourceError

_EXAMPLES = 3
_HEAD = r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})\b"
_CLOCKS = ("%I:%M %p", "%I:%M:%S %p", "%I:%M%p", "%I:%M:%S%p")


class _Reading(Protocol):
    @property
    def where(self) -> str: ...
    @property
    def dates(self) -> str | None: ...


def read_parted(
    connection: duckdb.DuckDBPyConnection, name: str, value: str, reading: _Reading
) -> str:
    """SQL that reads a column's dates, as its values or the source say.

    `value` is its SQL. Where a value is no date of the calendar the column stays text, with dates
    as 2026-10-31, so that the value is counted.

    Raises
    ------
    SourceError
        They can be read two ways, or are some one way and some the other.
    """
    lead, next_ = (
        f"TRY_CAST(regexp_extract({value}, '{_HEAD}', {part}) AS INT)" for part in (1, 2)
    )
    day, month = (_shown(connection, value, f"{which} > 12") for which in (lead, next_))
    if day and month:
        raise SourceError(
            f'the column "{name}" has dates with the day first and dates with the month first '
            f"({day[0]}, {month[0]})",
            where=reading.where,
            hint="write them all as 2026-10-31",
        )
    order = reading.dates or ("day first" if day else "month first" if month else None)
    against = month if order == "day first" else day
    if order is None or against:
        examples = against or _shown(connection, value, f"{lead} IS NOT NULL")
        what = f"that are not {order}" if order else "that can be read two ways"
        raise SourceError(
            f'the column "{name}" has dates {what} ({", ".join(examples)})',
            where=reading.where,
            hint='add dates = "day first" or "month first" to the source, or write 2026-10-31',
        )
    swap = r"\3-\2-\1" if order == "day first" else r"\3-\1-\2"
    iso = f"regexp_replace(regexp_replace({value}, '{_HEAD}', '{swap}'), '^(\\d{{2}}-)', '20\\1')"
    timed, halves = (
        connection.execute(
            f"SELECT coalesce(bool_or(contains({value}, ':')), false), "
            f"coalesce(bool_or(regexp_matches({value}, '[AaPp][Mm]$')), false) FROM raw"
        ).fetchall()
    )[0]
    typed = f"TRY_CAST({iso} AS {'TIMESTAMP' if timed else 'DATE'})"
    if halves:
        formats = ", ".join(f"'%Y-%m-%d {clock}'" for clock in _CLOCKS)
        typed = f"coalesce({typed}, try_strptime({iso}, [{formats}]))"
    return iso if _shown(connection, value, f"{typed} IS NULL") else typed


def _shown(connection: duckdb.DuckDBPyConnection, value: str, condition: str) -> list[str]:
    """Some values for which something holds."""
    rows = connection.execute(
        f"SELECT DISTINCT {value} AS v FROM raw WHERE v IS NOT NULL AND {condition} "
        f"ORDER BY v LIMIT {_EXAMPLES}"
    ).fetchall()
    return [row[0] for row in rows]
