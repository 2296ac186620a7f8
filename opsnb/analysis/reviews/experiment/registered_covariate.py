"""The covariate column that a plan registers: for whom it is known, and whether it can be used."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import ibis

from opsnb.analysis.methods.srm import FAIL, same_share
from opsnb.analysis.metrics.rows import number
from opsnb.base.messages import Text


@dataclass(frozen=True)
class RegisteredCovariate:
    """A numeric column of the assignments, as its values are.

    Attributes
    ----------
    users, missing : dict of str to int
        By arm: how many there are, and how many have no value.
    mean : float
        Of those who have one; 0 where nobody has.
    constant : bool
        Whether all values are the same.
    """

    column: str
    users: dict[str, int]
    missing: dict[str, int]
    mean: float
    constant: bool

    @property
    def p_value(self) -> float:
        """Of the same share of missing values in all arms."""
        if len(self.users) < 2:
            return 1.0
        return same_share({arm: (self.missing[arm], n) for arm, n in self.users.items()})

    @property
    def usable(self) -> bool:
        """Whether it varies, and lacks in the arms alike: missing values are no zeros."""
        alike = not any(self.missing.values()) or self.p_value >= FAIL
        return alike and not self.constant

    @property
    def problem(self) -> Text | None:
        """Why it is not used, or what stands for its missing values; None where all is well."""
        if self.missing == self.users:
            return Text.of("ab.covariate.empty", column=self.column)
        if any(self.missing.values()):
            alike = self.p_value >= FAIL
            if not (alike and self.constant):
                key = "ab.covariate.missing_alike" if alike else "ab.covariate.missing"
                return Text.of(key, column=self.column, shares=self._shares(), p=self.p_value)
        return Text.of("ab.covariate.constant", column=self.column) if self.constant else None

    def _shares(self) -> list[Text]:
        return [
            Text.of("ab.trust.arm_share", arm=arm, share=self.missing[arm] / n)
            for arm, n in self.users.items()
        ]


def registered_covariate(
    users: ibis.Table, column: str, arms: Collection[str]
) -> RegisteredCovariate:
    """Read a numeric column of the assigned users (columns variant and `column`) by arm."""
    value = users[column].cast("float64")
    frame = (
        users.group_by("variant")
        .agg(
            n=users.count(), known=value.count(), total=value.sum(), least=value.min(),
            most=value.max(),
        )
        .execute()
    )  # fmt: skip
    rows = {str(row["variant"]): row for row in frame.to_dict("records") if row["variant"] in arms}
    seen = {arm: rows[arm] for arm in arms if arm in rows}
    known = sum(int(row["known"]) for row in seen.values())
    found = [row for row in seen.values() if row["known"]]
    return RegisteredCovariate(
        column,
        {arm: int(row["n"]) for arm, row in seen.items()},
        {arm: int(row["n"]) - int(row["known"]) for arm, row in seen.items()},
        sum(number(row["total"]) or 0.0 for row in found) / known if known else 0.0,
        len({row[name] for row in found for name in ("least", "most")}) <= 1,
    )
