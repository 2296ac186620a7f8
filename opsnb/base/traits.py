"""What a playbook's notebook says of itself, under `opsnb` in its metadata: name and traits.

Read in both halves: by what runs playbooks, and by a session that finds itself in a notebook.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from opsnb.base import resources
from opsnb.base.errors import PlaybookError, did_you_mean
from opsnb.base.json_text import read_json
from opsnb.base.periods import Kind

Memory = Literal["everything", "own"]

VARIABLE = "OPSNB_PLAYBOOK"
"""Environment variable by which a runner tells a kernel what it runs, in JSON."""

SUBJECTS = ("experiment", "campaign")
"""What a playbook may be about beside a period: a plan of this kind."""

PERIODS = tuple(kind for kind in get_args(Kind) if kind not in ("day", "range"))

_TYPES = {
    "name": str,
    "texts": str,
    "needs": list,
    "optional": list,
    "subject": str,
    "sheet": bool,
    "period": str,
    "memory": str,
}
_TYPE_WORDS = {list: "a list of table names", str: "text", bool: "true or false"}
_CHOICES = {"subject": SUBJECTS, "period": PERIODS, "memory": get_args(Memory)}


@dataclass(frozen=True)
class Traits:
    """A playbook's name, and what sets it apart from others.

    Attributes
    ----------
    name : str
        What its reports and the ledger's entries call it: its file's name without the ending.
    texts : str
        Name under which the language files hold the texts of its cells; a copy keeps the
        original's, and counts what the original left behind as its own.
    memory : str
        What it sees of earlier cycles: `everything`, or its `own` entries and those about its
        subject.
    period : str
        The kind of cycle it belongs to: week, month, quarter, year.
    subject : str, optional
        `experiment` or `campaign`; None where it is about the period itself.
    sheet : bool
        Whether it is printed on one page.
    needs, optional : tuple of str
        Tables it cannot do without, and those whose sections it leaves out.
    """

    name: str
    texts: str = ""
    memory: Memory = "own"
    period: Kind = "month"
    subject: str | None = None
    sheet: bool = False
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @classmethod
    def of(cls, file_name: str, metadata: Mapping[str, Any]) -> Traits:
        """Those that checked metadata give.

        A `name` in the metadata says that the file was copied when playbooks had to be named
        there: it goes by that name, and remembers what the playbook of that name does.
        """
        name = metadata.get("name", file_name)
        inherited = {"memory": _memory_of(name)} if "name" in metadata else {}
        said = {**inherited, **metadata, "name": name}
        for tables in ("needs", "optional"):
            said[tables] = tuple(said.get(tables, ()))
        return cls(**{"texts": name, **said})

    @classmethod
    def read(cls, path: Path) -> Traits | None:
        """Those of a notebook; None where the file is no notebook.

        Raises
        ------
        PlaybookError
            Its metadata cannot be used.
        """
        try:
            metadata = read_json(path.read_text(encoding="utf-8"))["metadata"].get("opsnb", {})
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None
        check_metadata(metadata, path.name)
        return cls.of(path.stem, metadata)

    @property
    def names(self) -> frozenset[str]:
        """The names under which entries of the ledger count as its own."""
        return frozenset({self.name, self.texts or self.name})

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Traits:
        """What `as_json` wrote; of a newer version, the parts that are known here."""
        known = {field.name for field in fields(cls)}
        told = {name: value for name, value in json.loads(text).items() if name in known}
        lists = {name: tuple(told[name]) for name in ("needs", "optional") if name in told}
        return cls(**{**told, **lists})


def _memory_of(name: str) -> Memory:
    """What the playbook of that name sees which opsnb brings; `own` where there is none."""
    try:
        text = (resources.playbooks() / f"{name}.ipynb").read_text(encoding="utf-8")
    except OSError:
        return "own"
    found: Memory = json.loads(text)["metadata"].get("opsnb", {}).get("memory", "own")
    return found


def check_metadata(metadata: Any, where: str) -> None:
    """PlaybookError unless the `opsnb` metadata of a notebook can be used."""
    if not isinstance(metadata, dict):
        raise PlaybookError(
            "its opsnb metadata is not a table", where=where, hint='write {"needs": [...], ...}'
        )
    for name, value in metadata.items():
        if name not in _TYPES:
            raise PlaybookError(
                f'its opsnb metadata has the unknown key "{name}"',
                where=where,
                hint=did_you_mean(name, _TYPES, kind="keys"),
            )
        optional_none = name == "subject" and value is None
        if not isinstance(value, _TYPES[name]) and not optional_none:
            kind = _TYPE_WORDS[_TYPES[name]]
            raise PlaybookError(
                f'opsnb metadata "{name}" is not {kind}', where=where, hint=f"write {kind}"
            )
        choices = _CHOICES.get(name)
        if choices is not None and value is not None and value not in choices:
            raise PlaybookError(
                f'opsnb metadata has the unknown {name} "{value}"',
                where=where,
                hint=did_you_mean(value, choices, kind=_PLURAL[name]),
            )


_PLURAL = {"subject": "subjects", "period": "periods", "memory": "kinds of memory"}
