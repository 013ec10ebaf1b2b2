"""How a command ends whose bracket is wider than asked for: it holds, and the exit code is 4."""

from collections.abc import Sequence

import click
from click.core import ParameterSource

from relaxgap.errors import MissedAccuracyError
from relaxgap.global_optimum.bounds import AUTO
from relaxgap.problems.losses import SQUARED
from relaxgap.solvers.base import Status
from relaxgap.solvers.registry import DEFAULT

WIDE = 0.1
"""Relative gap above which nobody means to ask for no more than that."""


def exit_if_missed(status: Status, relative_gap: float, rtol: float, *asked_by: str) -> None:
    """Say that a bracket is wider than ``rtol``, once it is printed and written.

    A time limit of the user's own that ran out is no failure.

    Parameters
    ----------
    status : Status
        Of the solve.
    relative_gap, rtol : float
        What was reached, and what was to be.
    *asked_by : str
        Parameters of the command of which the user has to give one for the accuracy to have been
        asked for; none if it always is.

    Raises
    ------
    MissedAccuracyError
        If the accuracy was asked for.
    """
    if status is Status.SOLVED:
        return
    said = f"Expected a relative gap of {rtol:g}, got {relative_gap:.2g}"
    late = status is Status.TIME_LIMIT and is_given("time_limit")
    if late or (asked_by and not any(map(is_given, asked_by))):
        click.echo(f"relaxgap: {said}: {status.sentence}", err=True)
        return
    advice = "raise --time-limit" if status is Status.TIME_LIMIT else _advice(relative_gap)
    raise MissedAccuracyError(f"{said}; the bracket holds: {advice}.")


def exit_if_any_missed(gaps: Sequence[float], rtol: float, n_missed: int) -> None:
    """Say how many points of a path have a bracket wider than ``rtol``.

    Raises
    ------
    MissedAccuracyError
        If any has.
    """
    if n_missed:
        raise MissedAccuracyError(
            f"Expected a relative gap of {rtol:g} at each of {len(gaps)} points, got up to "
            f"{max(gaps):.2g} at {n_missed}; the brackets hold: {_advice(max(gaps))}."
        )


def _advice(relative_gap: float) -> str:
    """Say what may help where more time does not."""
    if relative_gap <= WIDE:
        return "raise --rtol"
    chosen = click.get_current_context().params
    if chosen.get("certificate", AUTO) != AUTO:
        return f"take --certificate {AUTO}"
    if chosen.get("solver") not in (None, DEFAULT):
        return f"take --solver {DEFAULT}"
    loss = chosen.get("loss", SQUARED.name)
    if loss != SQUARED.name and "smallest_fraction" not in chosen:
        return (
            f"bounds of the {loss} loss over patterns too many to list are wide: take fewer "
            "samples or features, or the squared loss"
        )
    beta = "--smallest-fraction" if "smallest_fraction" in chosen else "--beta or --beta-fraction"
    return f"raise {beta}, or bring the columns of X to one size without an offset"


def is_given(parameter: str) -> bool:
    """Whether the user chose the value of a parameter of the command that runs."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source not in (None, ParameterSource.DEFAULT)
