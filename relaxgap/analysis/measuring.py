"""A network measured against the bracket of the optimum, whatever the program."""

import math
from typing import Any, Protocol, runtime_checkable

from relaxgap.analysis.solved_program import SolveResult
from relaxgap.errors import ConfigurationError

ROUNDING = 1e-12
"""Relative size below which a better value may be nothing but rounding."""


@runtime_checkable
class Measured(Protocol):
    """What a verdict is made of."""

    @property
    def network_value(self) -> float:
        """Training loss of the network."""
        ...

    @property
    def lower_bound(self) -> float:
        """Of the best network."""
        ...

    @property
    def upper_bound(self) -> float:
        """Training loss of the best network known."""
        ...

    @property
    def rtol(self) -> float:
        """Relative gap that was asked for."""
        ...


def measured(value: float, found: SolveResult, rtol: float) -> dict[str, Any]:
    """Return what the records of all programs have in common, by name.

    Parameters
    ----------
    value : float
        Training loss of the network.
    found : SolveResult
        The bracket.
    rtol : float
        Relative gap that was asked for.

    Raises
    ------
    ConfigurationError
        If the loss is not finite.
    """
    if not math.isfinite(value):
        raise ConfigurationError(
            f"Expected a network whose training loss is a finite float64, got {value}; check the "
            "units of its weights."
        )
    better = found.primal_value < value * (1.0 - ROUNDING)
    upper, lower = (found.primal_value if better else value), min(found.dual_value, value)
    return {
        "network_value": value,
        "lower_bound": lower,
        "upper_bound": upper,
        "certified_ratio": value / lower if lower > 0.0 else None,
        "certificate": found.certificate,
        "status": found.status,
        "relative_gap": (upper - lower) / upper if upper > 0.0 else 0.0,
        "rtol": rtol,
        "seconds": found.solve_seconds,
        "beta": found.beta,
        "better_network_found": better,
        "history": found.history,
        "stopped": found.stopped,
    }
