"""What tests of an experiment's data find, as values: the checks, and the facts behind them."""

from __future__ import annotations

from dataclasses import dataclass

from opsnb.analysis.findings import Check, Fact, Grade, Status
from opsnb.base.messages import Said, Text
from opsnb.base.seam import Passed


@dataclass(frozen=True)
class TrustTests:
    """Checks in the order in which they are shown, and facts in that of the report.

    A check may be silent on a fact: the users of each arm stand behind the sample ratio.
    """

    facts: tuple[Fact, ...] = ()
    checks: tuple[Check, ...] = ()

    def __add__(self, other: TrustTests) -> TrustTests:
        return TrustTests(self.facts + other.facts, self.checks + other.checks)

    @property
    def blocking(self) -> tuple[Check, ...]:
        """The checks that make a result invalid."""
        return tuple(check for check in self.checks if check.status == "block")

    def grade(self, *, registered: bool) -> Grade:
        """Evidence grade: A randomised and read as registered; B not as registered, or where units
        turned out to be in both arms; E invalid."""
        if self.blocking:
            return "E"
        return "A" if registered and not self.check("paired") else "B"

    @property
    def status(self) -> tuple[Status, Said] | None:
        """Why the report is no ready one: invalid, or provisional while the test runs."""
        if self.blocking:
            return "invalid", Text.of("ab.trust.invalid", reason=self.blocking[0].message)
        early = self.check("early")
        return ("provisional", early.message) if early else None

    def fact(self, key: str) -> Fact | None:
        """The fact of that key, or None."""
        return next((fact for fact in self.facts if fact.key == key), None)

    def check(self, id: str) -> Check | None:
        """The check of that id, or None."""
        return next((check for check in self.checks if check.id == id), None)


def one_check(id: str, status: Passed, message: Text, *evidence: Fact) -> TrustTests:
    """One check with the facts that carry it."""
    return TrustTests(evidence, (Check(id, status, message, evidence),))
