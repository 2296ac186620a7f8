"""The layout of report.json, as a model that checks it and as a JSON schema."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from opsnb.base.errors import PublishError
from opsnb.base.page_parts import Folded, Grid, Listing, Passage
from opsnb.base.seam import (
    SCHEMA,
    Action,
    CardRow,
    Check,
    Decision,
    FactRow,
    Finding,
    Prediction,
    Schema,
    Status,
    Verdict,
)


class Table(BaseModel):
    """What was read of a table: rows, rows set aside, first and last day, fingerprint."""

    model_config = ConfigDict(extra="allow")

    rows: int | None = None
    quarantined: int | None = None
    fingerprint: str | None = None


class Cells(BaseModel):
    """How many cells the notebook has, which one failed, and why."""

    model_config = ConfigDict(extra="forbid")

    n: int
    failed: str | None = None
    error: str | None = None


class Report(BaseModel):
    """report.json in one language: its sentences are words, evidence is the keys of facts.

    Those of layout 1 have no `parts`.
    """

    model_config = ConfigDict(extra="forbid")

    schema_: Schema = Field(default=SCHEMA, alias="schema")
    playbook: str
    title: str
    subject: str | None
    subject_label: str | None
    cycle: str
    language: str
    languages: list[str]
    status: Status
    reason: str | None
    parameters: dict[str, Any]
    provenance: dict[str, Any]
    tables: dict[str, Table]
    checks: list[Check[str, str]]
    facts: list[FactRow]
    verdict: Verdict[str, str] | None
    cards: list[CardRow[str]]
    findings: list[Finding[str, str]]
    decisions: list[Decision[str, str]]
    actions: list[Action[str, str]]
    predictions: list[Prediction[str]]
    parts: list[Grid[str] | Passage[str] | Listing[str] | Folded[str]] | None = None
    cells: Cells

    @model_validator(mode="after")
    def _is_whole(self) -> Report:
        if self.language not in self.languages:
            raise ValueError("language: not among its languages")
        if self.schema_ == SCHEMA and self.parts is None:
            raise ValueError(f"parts: field required by {SCHEMA}")
        return self


def check(report: dict[str, Any]) -> dict[str, Any]:
    """The report itself, when it has the layout of `Report`.

    Raises
    ------
    PublishError
        Names up to three places that are wrong.
    """
    if wrong := misfits(report):
        raise PublishError(
            f"the playbook's outputs do not make a valid report ({wrong})",
            where=f"report.json, {report.get('language', '?')}",
            hint="show results through the session, which builds these records",
        )
    return report


def misfits(report: dict[str, Any]) -> str:
    """Up to three places where a report does not have the layout of `Report`; "" for none."""
    try:
        Report.model_validate(report)
    except ValidationError as error:
        issues = _telling(error)
        places = "; ".join(_place(issue) for issue in issues[:3])
        return f"{places} and {len(issues) - 3} more" if len(issues) > 3 else places
    return ""


def _place(issue: Any) -> str:
    """Where and what: `cards.0.value: field required`; what tells of a whole names its fields."""
    message = issue["msg"].removeprefix("Value error, ")
    message = f"{message[:1].lower()}{message[1:]}"
    place = ".".join(str(part) for part in issue["loc"])
    return f"{place}: {message}" if place else message


def _telling(error: ValidationError) -> list[Any]:
    """The issues of a part as what it says it is, not as all else that it might have been."""
    issues = error.errors(include_url=False)
    other = {i["loc"][:-1] for i in issues if i["loc"][-1:] == ("is",)}
    kept = [i for i in issues if not any(i["loc"][: len(place)] == place for place in other)]
    return kept or issues


def json_schema() -> dict[str, Any]:
    """The JSON schema that docs/report.schema.json holds."""
    text = json.dumps(Report.model_json_schema(by_alias=True))
    named = json.loads(re.sub(r"(?<=\w)_str(_str)?_(?=\")", "", text))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **named}
