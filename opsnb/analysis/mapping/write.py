"""Drafts and questions as lines of opsnb.toml, each with its reason; what is there stays."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from opsnb.analysis.mapping.drafts import Draft, Line
from opsnb.analysis.mapping.propose import Proposal
from opsnb.analysis.mapping.questions import Question
from opsnb.analysis.mapping.settings import Settings
from opsnb.analysis.sources.embedded import named
from opsnb.base.durable import sync_file, sync_folder
from opsnb.base.errors import WorkspaceError
from opsnb.base.unsafe_text import visible
from opsnb.base.workspace import SourceConfig

__all__ = ["added", "append"]

_LONGEST = 160
"""Letters of a comment behind a column."""


def added(
    proposal: Proposal,
    sources: Iterable[SourceConfig],
    there: Iterable[str],
    settings: Settings | None,
    metrics: Iterable[str] = (),
) -> str:
    """The lines to be added to opsnb.toml.

    Parameters
    ----------
    sources : iterable of SourceConfig
    there : names of sources
        That the file has already.
    settings : Settings, optional
        The head of a new file.
    metrics : ids
        That are defined already.
    """
    used = {draft.table.source for draft in proposal.drafts}
    known, defined = set(there), set(metrics)
    blocks = [_head(settings)] if settings else []
    blocks += [_source(one) for one in sources if one.name in used and one.name not in known]
    blocks += [_table(draft) for draft in proposal.drafts]
    blocks += [
        _metric(id, fields)
        for draft in proposal.written for id, fields in draft.metrics.items() if id not in defined
    ]  # fmt: skip
    if settings and any(draft.contract == "orders" for draft in proposal.written):
        blocks.append('[[cycles.month]]\nplaybook = "monthly_retrospective"')
    blocks += [text for text in (_left(proposal.left), _asked(proposal.questions)) if text]
    return "\n\n".join(blocks) + "\n"


def append(file: Path, text: str) -> None:
    """Adds lines to the end of opsnb.toml, or makes it; what is there stays byte for byte.

    Raises
    ------
    WorkspaceError
        The file could not be read with them.
    """
    old = file.read_bytes() if file.is_file() else b""
    if b"\r\n" in old:
        text = text.replace("\n", "\r\n")
    gap = b"" if not old else b"\n" if old.endswith(b"\n") else b"\n\n"
    new = old + gap.replace(b"\n", b"\r\n" if b"\r\n" in old else b"\n") + text.encode("utf-8")
    try:
        tomllib.loads(new.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(
            f"with the new lines it could not be read ({error}); nothing was written",
            where=str(file),
            hint="look at them with --dry-run, and add them by hand",
        ) from error
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(new)
        sync_file(beside)
        if file.exists():
            beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(file.parent)


def _head(settings: Settings) -> str:
    lines = [
        "# A workspace of opsnb, proposed by `opsnb map` out of the data, yours to edit.",
        "# Behind each column stand how sure it is (0 to 1), why, and up to three of its values.",
        "",
        "[workspace]",
        f"name = {_string(settings.name)}",
        *(
            f"{key} = {_string(value)}{f'  # {why}' if why else ''}"
            for key, value, why in settings.lines
        ),
        f"language = {_string(settings.language)}",
        'languages = ["en", "zh"]' if settings.language == "en" else 'languages = ["zh", "en"]',
    ]
    return "\n".join(lines)


def _source(config: SourceConfig) -> str:
    lines = [f"[sources.{config.name}]", f"url = {_string(config.url)}"]
    if config.encoding != "utf-8":
        lines.append(f"encoding = {_string(config.encoding)}")
    if config.dates:
        lines.append(f"dates = {_string(config.dates)}")
    return "\n".join(lines)


def _table(draft: Draft) -> str:
    """A table's lines; commented out where it lacks what it must have."""
    where = f"{draft.table.name} of {draft.table.source}"
    told = [f"# {_plain(where)}, read as {draft.contract} ({draft.score:.2f})."]
    told += [f"# {_plain(note)}." for note in draft.notes]
    if draft.rest:
        shown = ", ".join(draft.rest[:12]) + (" ..." if len(draft.rest) > 12 else "")
        told.append(f"# Columns that it does not use: {_plain(shown)}.")
    body = [f"[tables.{draft.contract}]", f'source = "{draft.table.source}"']
    body += [f'grain = "{draft.grain}"  # an order has several rows'] if draft.grain else []
    body += ['sql = """', *_escaped(_query(draft)).splitlines(), '"""']
    for check in draft.checks:
        body.append(f"[[tables.{draft.contract}.checks]]")
        body += [f"{key} = {_value(value)}" for key, value in check.items() if value]
    if draft.missing:
        told.append(f"# It cannot be mapped: no source for {', '.join(draft.missing)}.")
        body = [f"# {line}" for line in body]
    return "\n".join([*told, *body])


def _query(draft: Draft) -> str:
    if draft.body:
        return draft.body
    width = min(max((len(_select(line)) for line in draft.lines), default=0), 60)
    rows = []
    for number, line in enumerate(draft.lines):
        comma = "," if number + 1 < len(draft.lines) else ""
        rows.append(f"  {_select(line) + comma:<{width + 1}}  -- {_comment(line)}")
    head = "select distinct" if draft.distinct and draft.contract == "assignments" else "select"
    tail = f"\ngroup by {', '.join(map(str, draft.groups))}" if draft.groups else ""
    rest = f"\nwhere {draft.where}" if draft.where else ""
    return f"{head}\n" + "\n".join(rows) + f"\nfrom {_from(draft)}{rest}{tail}"


def _from(draft: Draft) -> str:
    if not draft.parts:
        return draft.table.origin
    every = " union all by name ".join(f"select * from {part}" for part in draft.parts)
    return f"({every}) as parts"


def _select(line: Line) -> str:
    return f"{line.sql} as {named(line.column)}"


def _comment(line: Line) -> str:
    guess = "guess: " if line.is_guess else ""
    sure = f"{line.score:.2f} " if line.score is not None else ""
    shown = f"; such as {', '.join(line.samples)}" if line.samples else ""
    return _plain(f"{guess}{sure}{line.why}{shown}")[:_LONGEST]


def _metric(id: str, fields: Mapping[str, str]) -> str:
    return "\n".join(
        [f"[metrics.{id}]", *(f"{key} = {_string(value)}" for key, value in fields.items())]
    )


def _left(left: Mapping[str, str]) -> str:
    if not left:
        return ""
    rows = [f"#   {_plain(name)}: {_plain(why)}" for name, why in left.items()]
    return "\n".join(["# Not mapped:", *rows])


def _asked(questions: Sequence[Question]) -> str:
    if not questions:
        return ""
    rows = [f"# ? {_plain(question.line)}" for question in questions]
    return "\n".join(
        [
            "# Questions that the data do not answer. What is written until then stands last;",
            "# edit the lines above, or take them out and run opsnb map with --answer KEY=VALUE.",
            *rows,
        ]
    )


def _plain(text: str) -> str:
    """A text that stays within a comment: one line, nothing that acts, no end of a comment."""
    flat = visible(" ".join(text.split()))
    return re.sub(r"\*/|/\*", "* /", flat).replace("${", "$ {")


def _escaped(sql: str) -> str:
    """SQL within three double quotes of TOML."""
    text = sql.replace("\\", "\\\\").replace('"""', '""\\"')
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", text)


def _string(text: str) -> str:
    """A string of TOML on one line."""
    flat = visible(" ".join(text.split()))
    return '"' + flat.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_string(str(text))}" for key, text in value.items()) + "}"
    return _string(str(value))
