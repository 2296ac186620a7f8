"""SQL of a preset over the columns that an export has.

A template names columns in braces, as the platform writes them:

    {Name}            the column, quoted; names are compared without case, blanks, brackets, signs
    {Spend|花费}       the first of these columns that the export has
    {~recommend}      the first column whose name has this in it
    {created @ UTC}   the column read as what it means; see `READINGS`
    {refunds.amount}  a column of the join `refunds`

A template that names a column which the export lacks gives nothing: its next alternative is
taken, and where there is none, what it was for falls out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from zoneinfo import available_timezones

Template = str | list[str]
"""SQL with columns in braces; a list holds alternatives, the best first."""

_PLACE = re.compile(r"\{([^{}]+)\}")
_BRACKETS = re.compile(r"[(\[（【][^)\]）】]*[)\]）】]")
_SIGNS = re.compile(r"[\W_]+")


def normal(name: str) -> str:
    """A name as it is compared: `Amount spent (USD)` and `amount_spent` are the same."""
    text = unicodedata.normalize("NFKC", name).casefold()
    bare = _SIGNS.sub("", _BRACKETS.sub("", text))
    return bare or _SIGNS.sub("", text)


def identifier(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


# -- what a column means ---------------------------------------------------------------


def _text(column: str) -> str:
    """Without what spreadsheets put around texts (a tab, an apostrophe, `="1"`); empty is NULL."""
    return f"nullif(trim(CAST({column} AS VARCHAR), '=\"'' ' || chr(9)), '')"


def _id(column: str) -> str:
    """An id as text: what a file holds as a fraction (17850.0) is a whole number."""
    whole = f"regexp_replace(CAST({column} AS VARCHAR), '\\.0$', '')"
    return f"CASE typeof({column}) WHEN 'DOUBLE' THEN {whole} ELSE {_text(column)} END"


def _number(column: str) -> str:
    """1,234.50, ¥1,234.50 and 1234.5元 alike; with a decimal comma, NULL."""
    form = r"^\s*[¥￥$€£]?\s*([-+]?\d+(,\d{3})*(\.\d+)?([eE][-+]?\d+)?)\s*元?\s*$"
    found = f"regexp_extract(CAST({column} AS VARCHAR), {literal(form)}, 1)"
    return f"TRY_CAST(replace({found}, ',', '') AS DOUBLE)"


def _flag(column: str) -> str:
    return f"lower(CAST({column} AS VARCHAR)) IN ('true', 't', 'yes', 'y', '1')"


def _utc(column: str) -> str:
    """An instant: by its own offset where it has one (also ` -0500`, ` UTC`), else in UTC.

    Times without an offset are taken in the session's zone, which is UTC (`Engine`).
    """
    end = literal(r"\s*(UTC)?\s*([-+][\d:]+)?$")
    return f"TRY_CAST(regexp_replace(CAST({column} AS VARCHAR), {end}, '\\2') AS TIMESTAMPTZ)"


def _epoch(per_second: str) -> Callable[[str], str]:
    """An instant from a count since 1970; a time in text is read as UTC."""

    def read(column: str) -> str:
        count = f"TRY_CAST(CAST({column} AS VARCHAR) AS DOUBLE)"
        return f"coalesce(to_timestamp({count} / {per_second}), {_utc(column)})"

    return read


def _in_zone(zone: str, column: str) -> str:
    """An instant from a local time of a zone; one that carries its zone stays."""
    local = f"timezone({literal(zone)}, TRY_CAST(CAST({column} AS VARCHAR) AS TIMESTAMP))"
    known = f"TRY_CAST(CAST({column} AS VARCHAR) AS TIMESTAMPTZ)"
    return f"CASE typeof({column}) WHEN 'TIMESTAMP WITH TIME ZONE' THEN {known} ELSE {local} END"


def _in_form(form: str, column: str) -> str:
    """A local time in a form of strptime; several stand with ` ; ` between."""
    forms = ", ".join(literal(one.strip()) for one in form.split(" ; "))
    parsed = f"try_strptime(trim(CAST({column} AS VARCHAR)), [{forms}])"
    return f"coalesce({parsed}, TRY_CAST(CAST({column} AS VARCHAR) AS TIMESTAMP))"


READINGS: Mapping[str, Callable[[str], str]] = {
    "text": _text,
    "id": _id,
    "number": _number,
    "flag": _flag,
    "UTC": _utc,
    "s": _epoch("1"),
    "ms": _epoch("1e3"),
    "us": _epoch("1e6"),
}
"""What `{column @ READING}` may say; besides an IANA zone, and forms of strptime (`%d/%m/%y`)."""


def knows(reading: str) -> bool:
    """Whether there is such a reading."""
    return reading in READINGS or reading.startswith("%") or reading in available_timezones()


def _read(column: str, reading: str) -> str:
    if reading in READINGS:
        return READINGS[reading](column)
    if reading.startswith("%"):
        return _in_form(reading, column)
    return _in_zone(reading, column)


# -- templates -------------------------------------------------------------------------


def places(template: Template) -> list[tuple[list[str], str]]:
    """The names and the reading ("" for none) of each place of a template."""
    texts = [template] if isinstance(template, str) else template
    found = [match[1] for text in texts for match in _PLACE.finditer(text)]
    return [
        ([name.strip() for name in names.split("|")], reading.strip())
        for names, _, reading in (place.partition(" @ ") for place in found)
    ]


class Columns:
    """The columns that templates may name.

    Parameters
    ----------
    names : iterable of str
        Columns of the export's table.
    owner : str
        Alias of that table in the query.
    joined : dict
        Columns of each join, by its name.
    """

    def __init__(
        self, names: Iterable[str], owner: str, joined: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        names = list(names)
        self._own = {normal(name): name for name in reversed(names)} | {
            name: name for name in names
        }
        self._owner = f"{identifier(owner)}." if joined else ""
        self._joined = {
            f"{alias}.{column}": f"{identifier(alias)}.{identifier(column)}"
            for alias, columns in (joined or {}).items()
            for column in columns
        }

    def find(self, names: Sequence[str]) -> str | None:
        """SQL of the first of the names that is there."""
        for name in names:
            own = self._part(name[1:]) if name.startswith("~") else self._own.get(name)
            if (own := own or self._own.get(normal(name))) is not None:
                return self._owner + identifier(own)
            if name in self._joined:
                return self._joined[name]
        return None

    def fill(self, template: Template) -> str | None:
        """The first alternative all of whose columns are there; None where there is none."""
        for text in [template] if isinstance(template, str) else template:
            found = [self.find(names) for names, _ in places(text)]
            if all(found):
                return _PLACE.sub(self._filled, text)
        return None

    def _part(self, text: str) -> str | None:
        return next((own for name, own in self._own.items() if normal(text) in normal(name)), None)

    def _filled(self, place: re.Match[str]) -> str:
        ((names, reading),) = places(place[0])
        column = self.find(names) or ""
        return _read(column, reading) if reading else column
