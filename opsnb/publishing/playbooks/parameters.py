"""A playbook's parameters: their types, and the check of values before a kernel starts.

Nothing is coerced silently. A command line hands over strings, other callers may hand over
values; both are read by the declared type or refused with the fix.
"""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opsnb.base.errors import OpsnbError, ParameterError, PlaybookError, did_you_mean
from opsnb.base.traits import SUBJECTS

TYPES = (
    "str", "int", "float", "bool", "date", "cycle", "experiment", "campaign", "list", "choice",
)  # fmt: skip
"""Types a parameters cell may declare; `choice` as `choice[a|b|c]`."""

Known = Mapping[str, Callable[[], Iterable[str]]]
"""By subject type, a callable that gives the known ids; called only when it is needed."""


@dataclass(frozen=True)
class Parameter:
    """One line of a parameters cell: `name = default  # type: TYPE help`."""

    name: str
    type: str
    default: Any
    help: str = ""
    choices: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a run must name it: a subject that has no default."""
        return self.type in SUBJECTS and self.default == ""

    @property
    def shown_type(self) -> str:
        return f"choice[{'|'.join(self.choices)}]" if self.choices else self.type


@dataclass(frozen=True)
class Problem:
    """Why one parameter cannot be used, and the likely fix."""

    name: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}. Fix: {self.hint}"


class _Refused(Exception):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.what, self.hint = what, hint


def declared(name: str, type_text: str, default: Any, help_text: str, where: str) -> Parameter:
    """The parameter that one line of a parameters cell declares.

    Raises
    ------
    PlaybookError
        The type is not one of `TYPES`, or the default does not fit it.
    """
    base, bracket, rest = type_text.partition("[")
    choices: tuple[str, ...] = ()
    if base == "choice":
        choices = tuple(part for part in rest.removesuffix("]").split("|") if part)
        if not bracket or not choices:
            raise PlaybookError(
                f'parameter "{name}" names no choices',
                where=where,
                hint="write it as choice[a|b|c], without spaces",
            )
    elif base not in TYPES:
        raise PlaybookError(
            f'parameter "{name}" has the unknown type "{type_text}"',
            where=where,
            hint=did_you_mean(base, TYPES, kind="types"),
        )
    parameter = Parameter(name, base, default, help_text, choices)
    if default != "" and base not in SUBJECTS:
        try:
            _READERS[base](parameter, default)
        except _Refused as refused:
            raise PlaybookError(
                f'the default of parameter "{name}" does not fit its type: {refused.what}',
                where=where,
                hint=refused.hint,
            ) from None
    return parameter


def bind(
    parameters: Iterable[Parameter], given: Mapping[str, Any], known: Known, *, playbook: str
) -> dict[str, Any]:
    """The value of each parameter, all of them checked.

    Parameters
    ----------
    parameters : iterable of Parameter
    given : mapping
        Values by name: strings as a command line has them, or Python values.
    known : mapping
        By subject type (`experiment`, `campaign`) a callable that gives the known ids.
    playbook : str
        Name for messages.

    Returns
    -------
    dict
        Name to value, in the order of the parameters cell. Dates are ISO strings, cycles as
        they were written ("latest" included); what was not given has its default, or is the
        only experiment or campaign that there is.

    Raises
    ------
    ParameterError
        Everything that is wrong, at once; its `problems` lists each.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    problems = [
        Problem(name, "no such parameter", did_you_mean(name, by_name, kind="parameters"))
        for name in given
        if name not in by_name
    ]
    bound: dict[str, Any] = {}
    for name, parameter in by_name.items():
        try:
            value = given[name] if name in given else _default(parameter, known)
            bound[name] = _value(parameter, value, known)
        except _Refused as refused:
            problems.append(Problem(name, refused.what, refused.hint))
    if problems:
        raise parameter_error(problems, playbook)
    return bound


def parameter_error(problems: list[Problem], playbook: str) -> ParameterError:
    """One error for all problems; a single one is said in the usual form."""
    if len(problems) == 1:
        only = problems[0]
        error = ParameterError(
            only.what, where=f"{playbook}, parameter {only.name}", hint=only.hint
        )
    else:
        listed = "".join(f"\n  {problem}" for problem in problems)
        error = ParameterError(
            f"{len(problems)} parameters cannot be used{listed}",
            where=playbook,
            hint=f'"opsnb show {playbook}" lists its parameters',
        )
    error.problems = tuple(problems)
    return error


def _default(parameter: Parameter, known: Known) -> Any:
    """The playbook's default; where nothing has that id, the only id that there is."""
    if parameter.type in SUBJECTS and parameter.default:
        ids = _ids(parameter.type, known)
        if parameter.default not in ids and len(ids) == 1:
            return ids[0]
    return parameter.default


def _value(parameter: Parameter, value: Any, known: Known) -> Any:
    if isinstance(value, str) and value == "":
        if parameter.required:
            ids = _ids(parameter.type, known)
            raise _Refused(
                f"needs the id of {_article(parameter.type)} {parameter.type}",
                f"pass -p {parameter.name}=ID; " + did_you_mean("", ids, kind=f"{parameter.type}s"),
            )
        if parameter.default in ("", []):
            return parameter.default
    if isinstance(value, str) and not _encodable(value):
        raise _Refused("is not valid UTF-8", "check the terminal's encoding")
    if parameter.type in SUBJECTS:
        return _subject(parameter, value, known)
    return _READERS[parameter.type](parameter, value)


def _encodable(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _ids(kind: str, known: Known) -> list[str]:
    """The ids to offer; those of the plans alone where the data cannot be asked."""
    ids: set[str] = set()
    with contextlib.suppress(OpsnbError):
        for known_id in known[kind]() if kind in known else ():
            ids.add(known_id)
    return sorted(ids)


def _subject(parameter: Parameter, value: Any, known: Known) -> str:
    if not isinstance(value, str):
        raise _Refused(f"{value!r} is not an id", f"pass the {parameter.type}'s id as text")
    seen: list[str] = []
    try:
        for known_id in known[parameter.type]() if parameter.type in known else ():
            if known_id == value:
                return value  # before the data is asked, when a plan has it
            seen.append(known_id)
    except OpsnbError as error:
        raise _Refused(
            f'no {parameter.type} "{value}" in plans/, and the data cannot be asked ({error.what})',
            error.hint or "run opsnb check",
        ) from error
    raise _Refused(
        f'no {parameter.type} "{value}" in plans/{parameter.type}s/ or in the data',
        did_you_mean(value, set(seen), kind=f"{parameter.type}s"),
    )


# -- one reader a type ----------------------------------------------------------------

_INT = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def _str(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise _Refused(f"{value!r} is not text", f'write it in quotes: "{value}"')
    return value


def _int(parameter: Parameter, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INT.fullmatch(value):
        return int(value)
    raise _Refused(
        f"{_shown(value)} is not a whole number",
        "write digits only, such as 28: no leading zeros, separators or decimals",
    )


def _float(parameter: Parameter, value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_text = isinstance(value, str) and _FLOAT.fullmatch(value) is not None
    number = float(value) if is_number or is_text else math.nan
    if not math.isfinite(number):
        raise _Refused(
            f"{_shown(value)} is not a number",
            "write it as 0.05: a decimal point, no separators, no percent sign",
        )
    return number


def _bool(parameter: Parameter, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _Refused(f"{_shown(value)} is neither true nor false", "write true or false")


def _date(parameter: Parameter, value: Any) -> str:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if not isinstance(value, str) or match is None:
        raise _Refused(f"{_shown(value)} is not a date", "write it as 2026-10-31")
    year, month, day = map(int, match.groups())
    if not 1 <= month <= 12 or year == 0:
        raise _Refused(f"{value} does not exist", "months run from 01 to 12")
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise _Refused(
            f"{value} does not exist",
            f"{calendar.month_name[month]} {year} has {last} days",
        )
    return value


def _cycle(parameter: Parameter, value: Any) -> str:
    from opsnb.base import periods

    if isinstance(value, str) and value == "latest":
        return value
    if not isinstance(value, str):
        raise _Refused(f"{value!r} is not a cycle", "write it as 2026-10, 2026-W44 or latest")
    try:
        return periods.parse(value).key
    except OpsnbError as error:
        raise _Refused(
            error.what, error.hint or "write it as 2026-10, 2026-W44, 2026-Q4, 2026 or latest"
        ) from None


def _list(parameter: Parameter, value: Any) -> list[Any]:
    """Items are of the kind that the default's items are; text where the default is empty."""
    if isinstance(value, str):
        items: list[Any] = [item.strip() for item in value.split(",")]
        if not all(items):
            raise _Refused(
                f"{_shown(value)} has an empty item", "separate the items by single commas"
            )
    elif isinstance(value, list | tuple):
        items = list(value)
    else:
        raise _Refused(f"{value!r} is not a list", "write it as a,b,c")
    like = parameter.default[0] if isinstance(parameter.default, list) and parameter.default else ""
    reader = {int: _int, float: _float}.get(type(like), _str)
    return [reader(parameter, item) for item in items]


def _choice(parameter: Parameter, value: Any) -> str:
    if isinstance(value, str) and value in parameter.choices:
        return value
    raise _Refused(
        f"{_shown(value)} is not one of the choices",
        did_you_mean(str(value), parameter.choices, kind="choices"),
    )


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


_READERS: dict[str, Callable[[Parameter, Any], Any]] = {
    "str": _str,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "date": _date,
    "cycle": _cycle,
    "list": _list,
    "choice": _choice,
}
