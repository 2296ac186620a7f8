"""The plan that an experiment is read by where nobody registered one."""

from __future__ import annotations

from opsnb.analysis.metrics import Assigned
from opsnb.analysis.metrics.catalogue import Catalogue
from opsnb.base.errors import ParameterError, did_you_mean
from opsnb.base.plans import ExperimentPlan

_CONTROLS = ("control", "holdout", "baseline", "a", "A", "0")


def unregistered_plan(
    catalogue: Catalogue, experiment: str, assigned: Assigned, *, metric: str, control: str
) -> ExperimentPlan:
    """The arms as the data have them, one metric, no margins.

    Parameters
    ----------
    experiment : str
        Id, as the data name it.
    metric : str
        The primary metric.
    control : str
        The control arm; empty: the arm that is called so.

    Raises
    ------
    ParameterError
        The primary metric is not given or unknown, or the control cannot be told.
    """
    arms, total = list(assigned.counts), sum(assigned.counts.values())
    if not metric:
        raise ParameterError(
            f'experiment "{experiment}" has no plan, so its primary metric must be given',
            where="parameter metric",
            hint=f"pass -p metric=ID, or register plans/experiments/{experiment}.toml",
        )
    if metric not in catalogue:
        raise ParameterError(
            f'unknown metric "{metric}"',
            where="parameter metric",
            hint=did_you_mean(metric, catalogue, kind="metrics"),
        )
    control = control or next((name for name in _CONTROLS if name in arms), "")
    if control not in arms:
        raise ParameterError(
            f'the control "{control}" is no arm of "{experiment}"'
            if control
            else f'which arm of "{experiment}" is the control cannot be told from its name',
            where="parameter control",
            hint=f"arms in the data: {', '.join(arms)}",
        )
    dates = {"start": assigned.first, "end": assigned.last} if assigned.timed else {}
    return ExperimentPlan.unregistered(
        experiment,
        control=control,
        split={arm: users / total for arm, users in assigned.counts.items()},
        primary={"metric": metric},
        **dates,
    )
