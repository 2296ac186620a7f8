"""The kinds of metrics that come with opsnb, a class each; importing them makes them known."""

from opsnb.analysis.metrics.kinds import by_user_age, over_days, over_rows, over_users, quotient

__all__ = ["by_user_age", "over_days", "over_rows", "over_users", "quotient"]
