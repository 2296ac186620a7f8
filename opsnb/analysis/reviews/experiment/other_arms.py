"""What the headline of an experiment with several arms says of those that did not decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opsnb.analysis.reviews.experiment.arm_pairs import ArmPair
from opsnb.base.messages import Text

_IMPROVED = {"won", "early", "guardrail_open", "guardrail_unread"}
"""The cases in which the primary metric improved."""


def other_arms_said(best: str, reasons: Mapping[str, str], pairs: Sequence[ArmPair]) -> list[Text]:
    """Sentences on the arms beside `best`.

    Parameters
    ----------
    best : str
        The arm that decides.
    reasons : mapping of arm to str
        The case that applies to each arm (`Ruling.reason`), the best first.
    pairs : sequence of ArmPair
        The arms compared with each other.
    """
    others = [arm for arm in reasons if arm != best]
    improved = [arm for arm in others if {reasons[best], reasons[arm]} <= _IMPROVED]
    beaten = {
        pair.base for pair in pairs if pair.effect.variant == best and pair.effect.improved
    }  # fmt: skip
    said = []
    if shown := [arm for arm in improved if arm in beaten]:
        said.append(Text.of("ab.arms.better", variant=best, arms=shown))
    if undecided := [arm for arm in improved if arm not in beaten]:
        said.append(Text.of("ab.arms.undecided", variant=best, arms=undecided))
    if rest := [arm for arm in others if reasons[arm] != "won"]:
        arms = [Text.of(f"ab.arms.{reasons[arm]}", variant=arm) for arm in rest]
        said.append(Text.of("ab.arms.others", arms=arms))
    return said
