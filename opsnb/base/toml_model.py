"""Reads TOML files into typed, frozen models; one error lists every failure of a file.

A model derives from `Strict`: unknown keys are mistakes, values are not coerced, and
`problems()` gives what only the whole model can tell (dates reversed, a split that does
not sum to 1). Fields carry an example, shown as the likely fix.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from opsnb.base.errors import WorkspaceError, did_you_mean
from opsnb.base.messages import known_languages
from opsnb.base.periods import EARLIEST, LATEST

__all__ = ["Day", "Problem", "Said", "Strict", "fail", "mistake", "read_toml", "validate"]

_QUOTES = "texts stand in quotes: write "

_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d{0,17})(\.\d+)?")

_IGNORED_STEPS = {"str", "dict[str,str]", "function-plain", "nullable"}


class Problem(NamedTuple):
    """One thing wrong: the dotted key, what is wrong, the likely fix."""

    key: str
    what: str
    hint: str = ""


class _Problems(ValueError):
    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.what for problem in problems))


def mistake(what: str, hint: str) -> ValueError:
    """What a field's own validator raises."""
    return _Problems([Problem("", what, hint)])


class Strict(BaseModel):
    """A frozen model that takes no unknown keys and coerces nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def problems(self) -> Iterable[Problem]:
        """What is wrong with the model as a whole; keys are relative to it."""
        return ()

    @model_validator(mode="after")
    def _whole(self) -> Strict:
        if found := list(self.problems()):
            raise _Problems(found)
        return self


def _day(value: Any) -> Any:
    """TOML knows dates; a date in quotes is taken as well."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise mistake(f'"{value}" is no date', "write 2026-10-01") from None
    return value


def _said(value: Any) -> str | dict[str, str]:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int | float | dt.date):
        raise mistake("must be a text", f'{_QUOTES}"{value}"')
    example = 'write "Golden week", or {en = "Golden week", zh = "黄金周"}'
    if not isinstance(value, dict) or not value:
        raise mistake("must be a text, or a text by language", example)
    known = known_languages()
    found = [
        Problem(code, f'unknown language "{code}"', did_you_mean(code, known, kind="languages"))
        for code in value
        if code not in known
    ]
    found += [
        Problem(code, "must be a text", example)
        for code, words in value.items()
        if not isinstance(words, str) or not words.strip()
    ]
    if found:
        raise _Problems(found)
    return value


def _near(day: dt.date) -> dt.date:
    if not EARLIEST <= day <= LATEST:
        raise mistake(
            f"{day} is outside the years {EARLIEST.year} to {LATEST.year}", "check the year"
        )
    return day


Day = Annotated[dt.date, BeforeValidator(_day), AfterValidator(_near)]
"""A date, bare or in quotes."""

Said = Annotated[str | Mapping[str, str], PlainValidator(_said)]
"""A label: a string, or a dict of language code to string."""


def read_toml(path: Path, error: type[WorkspaceError] = WorkspaceError) -> dict[str, Any]:
    """The tree of a TOML file; its absence or a syntax mistake is an `error`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as broken:
        raise error("is not in UTF-8", where=str(path), hint="save it as UTF-8") from broken
    except RecursionError:
        raise error(
            "is nested too deeply",
            where=str(path),
            hint="take out the lists or tables that stand within each other hundreds of times",
        ) from None
    except ValueError as broken:  # a number of thousands of digits is no TOMLDecodeError
        raise error(
            f"is not valid TOML: {broken}",
            where=str(path),
            hint="texts are quoted, dates are bare (2026-10-01), each key occurs once",
        ) from broken
    except OSError as broken:
        raise error(
            f"cannot be read ({broken.strerror})", where=str(path), hint="check the path"
        ) from broken


M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], tree: Mapping[str, Any], where: str, error: type[WorkspaceError]) -> M:
    """The model of a tree, or one `error` with everything that is wrong in file `where`."""
    try:
        return model.model_validate(tree)
    except ValidationError as broken:
        found = [row for detail in broken.errors() for row in _explain(model, detail)]
    fail(found, where, error)
    raise AssertionError("unreachable: a validation error has at least one detail")


def fail(found: Iterable[Problem], where: str, error: type[WorkspaceError]) -> None:
    """Raises one `error` that lists every problem of file `where`; nothing when there is none."""
    rows = list(dict.fromkeys(found))
    if not rows:
        return
    if len(rows) == 1:
        key, what, hint = rows[0]
        made = error(what, where=f"{where}: {key}" if key else where, hint=hint)
    else:
        lines = [
            f"  {key + ': ' if key else ''}{what}." + (f" Fix: {hint.rstrip('.')}." if hint else "")
            for key, what, hint in rows
        ]
        made = error(f"{len(rows)} things are wrong:\n" + "\n".join(lines), where=where)
    made.file, made.mistakes = where, tuple(rows)
    raise made


# -- pydantic's errors in our words ---------------------------------------------------


def _explain(model: type[BaseModel], detail: ErrorDetails) -> list[Problem]:
    steps = [step for step in detail["loc"] if step not in _IGNORED_STEPS]
    key = _dotted(steps)
    kind, context = detail["type"], detail.get("ctx", {})
    if isinstance(context.get("error"), _Problems):
        return [_below(key, steps, row) for row in context["error"].problems]
    if kind == "extra_forbidden":
        fields = _fields(_at(model, steps[:-1]))
        return [Problem(key, "unknown key", did_you_mean(str(steps[-1]), fields, kind="keys"))]
    example = _example(model, steps)
    if kind == "missing":
        hint = f"write {steps[-1]} = {example}" if example else _example_below(model, steps)
        return [Problem(key, "is missing", hint)]
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"])
        near = difflib.get_close_matches(str(detail["input"]), known, n=1)
        start = f'did you mean "{near[0]}"? ' if near else ""
        hint = f"{start}{'One' if start else 'one'} of {', '.join(known)}"
        return [Problem(key, f"cannot be {detail['input']!r}", hint)]
    what = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    hint = _requoted(kind, steps, detail["input"]) or _fix(model, steps)
    return [Problem(key, f"{what}, not {_shown(detail['input'])}", hint)]


def _below(key: str, steps: list[Any], row: Problem) -> Problem:
    """A problem that a field's own validator found, under the field's key."""
    hint = row.hint
    if steps and not row.key:
        hint = hint.replace(_QUOTES, f"{_QUOTES}{steps[-1]} = ")
    return Problem(".".join(part for part in (key, row.key) if part), row.what, hint)


def _requoted(kind: str, steps: list[Any], given: Any) -> str:
    """To write the same value with quotes, or without, where that is all that is wrong."""
    if not steps or isinstance(steps[-1], int):
        return ""  # of a list, its example says it
    name = f"{steps[-1]} = "
    if kind == "string_type" and isinstance(given, int | float | dt.date | dt.time):
        shown = str(given).lower() if isinstance(given, bool) else str(given)
        return f'{_QUOTES}{name}"{shown}"'
    if kind in ("float_type", "int_type") and isinstance(given, str):
        plain = given.strip().replace("_", "")
        is_fit = _WHOLE if kind == "int_type" else _NUMBER
        if is_fit.fullmatch(plain):
            return f"numbers stand without quotes: write {name}{plain}"
    if kind == "int_type" and isinstance(given, float) and given.is_integer():
        return f"a whole number has no point: write {name}{int(given)}"
    if kind == "bool_type" and str(given).lower() in ("true", "false"):
        return f"no quotes: write {name}{str(given).lower()}"
    if kind == "list_type" and isinstance(given, str):
        return f'write {name}["{given}"]'
    return ""


def _fix(model: type[BaseModel], steps: list[Any]) -> str:
    """To write the field's example; for an element of a list, that of the whole list."""
    if steps and isinstance(steps[-1], int) and (example := _example(model, steps[:-1])):
        return f"write {steps[-2]} = {example}"
    example = _example(model, steps)
    return example and f"write {example}"


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, dt.date | dt.time) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _dotted(steps: list[Any]) -> str:
    text = ""
    for step in steps:
        text += f"[{step + 1}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


def _example_below(model: type[BaseModel], steps: list[Any]) -> str:
    """To write a table with the keys that it must have, where it is a table that is missing."""
    inner = _at(model, steps)
    fields = getattr(inner, "model_fields", {})
    needed = [f"{n} = {f.examples[0]}" for n, f in fields.items() if f.is_required() and f.examples]
    return f"write [{_dotted(steps)}] and below it {', '.join(needed)}" if needed else ""


def _at(model: Any, steps: list[Any]) -> Any:
    """The type that stands at a place of a model."""
    for step in steps:
        model = _core(model)
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields.get(str(step))
            model = field.annotation if field else None
        else:  # a list or dict: its elements
            model = (get_args(model) or (None,))[-1]
    return _core(model)


def _core(annotation: Any) -> Any:
    """The type without Annotated and without None."""
    if get_origin(annotation) is Annotated:
        return _core(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        return _core(options[0]) if len(options) == 1 else annotation
    return annotation


def _fields(model: Any) -> list[str]:
    return list(model.model_fields) if hasattr(model, "model_fields") else []


def _example(model: type[BaseModel], steps: list[Any]) -> str:
    """The example a field carries, as TOML would write it."""
    parent = _at(model, steps[:-1]) if steps else None
    field = getattr(parent, "model_fields", {}).get(str(steps[-1])) if steps else None
    return str(field.examples[0]) if field is not None and field.examples else ""
