"""The layout of report.json, as a model that checks it and as a JSON schema."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from opsnb.base.errors import PublishError

Grade = Literal["A", "B", "C", "D", "E"]
Tone = Literal["good", "warn", "bad", "neutral"]
Status = Literal["ready", "provisional", "skipped", "invalid", "failed"]

STATUSES: tuple[Status, ...] = ("ready", "provisional", "skipped", "invalid", "failed")
"""From best to worst; the worst of a notebook's outputs is the report's."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fact(_Part):
    """A number or word the analysis found; unrounded, shares as fractions."""

    key: str
    id: str
    value: float | int | str | bool | None
    unit: str
    low: float | None = None
    high: float | None = None
    metric: str | None = None
    variant: str | None = None
    segment: str | None = None
    period: str | None = None
    n: int | None = None
    p_value: float | None = None
    method: str | None = None


class Table(BaseModel):
    """What was read of a table: rows, rows set aside, first and last day, fingerprint."""

    model_config = ConfigDict(extra="allow")

    rows: int | None = None
    quarantined: int | None = None
    fingerprint: str | None = None


class Check(_Part):
    id: str
    status: Literal["pass", "warn", "block"]
    message: str
    evidence: list[str] = []


class Finding(_Part):
    claim: str
    grade: Grade
    tone: Tone
    section: str | None = None
    evidence: list[str] = []


class Verdict(_Part):
    word: str
    sentence: str
    rule: str | None = None
    grade: Grade
    tone: Tone
    evidence: list[str] = []


class Card(_Part):
    label: str
    value: str
    target: str | None = None
    change: str | None = None
    interval: str | None = None
    status: str | None = None
    tone: Tone
    evidence: list[str] = []


class Decision(_Part):
    question: str
    by: str
    recommendation: str | None = None
    due: date | None = None
    evidence: list[str] = []


class Action(_Part):
    title: str
    owner: str
    due: date | None = None
    status: Literal["proposed", "open", "done", "late", "dropped"]
    from_: str | None = Field(default=None, alias="from")
    evidence: list[str] = []


class Prediction(_Part):
    what: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    due: date | None = None
    observed: float | None = None


class Cells(_Part):
    """How many cells the notebook has, which one failed, and why."""

    n: int
    failed: str | None = None
    error: str | None = None


class Report(_Part):
    """report.json in one language."""

    schema_: Literal["opsnb.report/1"] = Field(default="opsnb.report/1", alias="schema")
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
    checks: list[Check]
    facts: list[Fact]
    verdict: Verdict | None
    cards: list[Card]
    findings: list[Finding]
    decisions: list[Decision]
    actions: list[Action]
    predictions: list[Prediction]
    cells: Cells

    @model_validator(mode="after")
    def _names_its_language(self) -> Report:
        if self.language not in self.languages:
            raise ValueError("its language is not among its languages")
        return self


def check(report: dict[str, Any]) -> dict[str, Any]:
    """The report itself, when it has the layout of `Report`.

    Raises
    ------
    PublishError
        Names up to three places that are wrong.
    """
    try:
        Report.model_validate(report)
    except ValidationError as error:
        places = [
            f"{'.'.join(str(part) for part in issue['loc'])}: {issue['msg'].lower()}"
            for issue in error.errors()[:3]
        ]
        more = f" and {error.error_count() - 3} more" if error.error_count() > 3 else ""
        raise PublishError(
            "the playbook's outputs do not make a valid report (" + "; ".join(places) + f"{more})",
            where=f"report.json, {report.get('language', '?')}",
            hint="show results through the session, which builds these records",
        ) from error
    return report


def json_schema() -> dict[str, Any]:
    """The JSON schema that docs/report.schema.json holds."""
    schema = Report.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
