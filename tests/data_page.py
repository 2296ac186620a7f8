"""Writes tables of the docs from the models: keys of opsnb.toml, contracts, metric kinds, presets.

python -m tests.data_page
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from opsnb.analysis.mapping.preset import Preset, get, names
from opsnb.analysis.metrics.metric import KINDS
from opsnb.analysis.tables import CONTRACTS, Column, Contract
from opsnb.base.toml_model import Strict
from opsnb.base.workspace.columns import ColumnConfig
from opsnb.base.workspace.file import (
    CheckConfig,
    CycleConfig,
    ExcludeConfig,
    File,
    SourceConfig,
    TableConfig,
    TextConfig,
)

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "data.md"
PRESETS_PAGE = DOCS / "mapping-presets.md"
COMMAND = "python -m tests.data_page"

SECTIONS = {
    "[workspace]": File.model_fields["workspace"].annotation,
    "[report]": File.model_fields["report"].annotation,
    "[sources.NAME]": SourceConfig,
    "[sources.NAME.tables.TABLE]": TextConfig,
    "[tables.NAME]": TableConfig,
    "[tables.NAME.columns.COLUMN]": ColumnConfig,
    "[[tables.NAME.checks]]": CheckConfig,
    "[exclude]": ExcludeConfig,
    "[[cycles.KIND]]": CycleConfig,
}
"""Sections of opsnb.toml, and the model of each."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, *rows]
    cells = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([cells[0], "|---" * len(head) + "|", *cells[1:]])


# -- opsnb.toml --------------------------------------------------------------------------


def keys() -> str:
    """A row a key of opsnb.toml: what it may hold, and what it is where it is left out."""
    rows = []
    for section, model in SECTIONS.items():
        assert model is not None and issubclass(model, Strict)
        rows += [
            (f"`{section}`", f"`{name}`", _held(field), _default(field))
            for name, field in model.model_fields.items()
            if name not in ("checks", "tables")  # sections of their own
        ]
    return table(["section", "key", "holds", "default"], rows)


def _held(field: FieldInfo) -> str:
    """The values to choose from, else an example."""
    choices = [
        value
        for one in (field.annotation, *get_args(field.annotation))
        if get_origin(one) is Literal
        for value in get_args(one)
    ]
    if choices:
        return ", ".join(f'`"{choice}"`' for choice in choices)
    return f"such as `{field.examples[0]}`" if field.examples else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default in (None, [], {}):
        return ""
    return f"`{field.default}`" if not isinstance(field.default, str) else f'`"{field.default}"`'


# -- contracts ---------------------------------------------------------------------------


def contracts() -> str:
    """A row a table: its columns, and what they are to its rows."""
    head = ["table", "columns (required; optional)", "key", "day", "other local dates", "people"]
    return table(head, (_contract(one) for one in CONTRACTS.values()))


def _contract(one: Contract) -> tuple[str, ...]:
    required, optional = (
        ", ".join(_column(column) for column in one.columns if column.required is needed)
        for needed in (True, False)
    )
    optional = ", ".join(filter(None, (optional, one.extra)))
    dates = [name for name in one.dates if name != one.day]
    return (
        one.name,
        "; ".join(filter(None, (required, optional))),
        ", ".join(one.key),
        one.day or "",
        ", ".join(dates),
        ", ".join(one.people),
    )


def _column(column: Column) -> str:
    said = ", ".join(column.allowed) or column.note
    return f"{column.name} ({said})" if said else column.name


# -- kinds -------------------------------------------------------------------------------


def kinds() -> str:
    """A row a metric kind: what it is, what it needs, and where it can be read."""
    head = ["kind", "in a period", "needs", "in an experiment", "day by day"]
    rows = [
        (
            kind.name,
            (kind.__doc__ or "").partition("\n")[0],
            ", ".join(kind.fields),
            kind.in_experiment,
            "yes" if kind.is_daily else "",
        )
        for kind in sorted(KINDS.values(), key=lambda one: (one.comparison is None, one.name))
    ]
    return table(head, rows)


# -- presets -----------------------------------------------------------------------------

VERIFIED = {"export": "on an export", "documentation": "by documentation", "memory": "no"}


def presets() -> str:
    """A row a preset: its platform in both languages, what it yields, by which names it is told."""
    head = ["preset", "platform", "平台", "tables", "told by (at least)", "verified"]
    return table(head, (_preset(get(name)) for name in names()))


def _preset(one: Preset) -> tuple[str, ...]:
    title = one.title if isinstance(one.title, dict) else {"en": one.title, "zh": one.title}
    told = [
        f"{name}: {', '.join(names.partition('|')[0] for names in shape.detect)} ({shape.least})"
        for name, shape in one.files.items()
    ]
    row = f"`{one.name}`", title["en"], title["zh"], ", ".join(one.shapes), "; ".join(told)
    return *row, VERIFIED[one.verified]


# -- the pages ---------------------------------------------------------------------------

Parts = Mapping[str, Callable[[], str]]

PAGES: dict[Path, Parts] = {
    PAGE: {"keys": keys, "contract": contracts, "kinds": kinds},
    PRESETS_PAGE: {"presets": presets},
}


def page(text: str, parts: Parts = PAGES[PAGE]) -> str:
    """The page with its tables written anew, each between its marks."""
    for name, write in parts.items():
        begin, end = f"<!-- {name}: {COMMAND} -->", f"<!-- end of {name} -->"
        marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        assert marked.search(text), f"the page lacks {begin} or {end}"
        written = f"{begin}\n{write()}\n{end}"
        text = marked.sub(lambda _, written=written: written, text)
    return text


def main() -> None:
    for path, parts in PAGES.items():
        path.write_text(page(path.read_text(encoding="utf-8"), parts), encoding="utf-8")


if __name__ == "__main__":
    main()
