"""The exact optimum of networks with several outputs: what experiments on them compare with."""

import time
from dataclasses import dataclass, replace

from relaxgap.certificates.vector.cone_pca import ConePrices
from relaxgap.certificates.vector.duality import VectorBracket
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.bracketed import solutions
from relaxgap.solvers.vector.corrective import corrective_rounds
from relaxgap.solvers.vector.methods import in_units


@dataclass(frozen=True, slots=True, eq=False)
class VectorOptimum:
    """Hold a problem in units where rows and labels are about 1, its cells and its optimum.

    Parameters
    ----------
    program : VectorProgram
        At the strength that was asked for.
    prices : ConePrices
        Of all its cells.
    bracket : VectorBracket
        Of the optimum, in these units.
    square : float
        What a loss of 1 in these units is.
    seconds : float
        Of patterns, faces and bracket.
    """

    program: VectorProgram
    prices: ConePrices
    bracket: VectorBracket
    square: float
    seconds: float


def check_fraction(beta_fraction: float, example: str = "0.1") -> None:
    """Raise `ConfigurationError` unless a strength is a fraction of the critical one."""
    if not 0.0 < beta_fraction < 1.0:
        raise ConfigurationError(
            f"Expected 0 < beta_fraction < 1, got {beta_fraction}; try {example}."
        )


def optimum_of(
    data: VectorDataset,
    rtol: float,
    time_limit: float,
    beta_fraction: float | None = None,
    beta: float | None = None,
) -> VectorOptimum:
    """Solve a problem exactly, at a fraction of its critical strength or at an absolute one."""
    scaled, x_unit, y_unit = in_units(VectorProgram(data, 1.0))
    began = time.perf_counter()
    prices = ConePrices.of(scaled.data.X, enumerate_patterns(scaled.data.X))
    if beta is None:
        assert beta_fraction is not None
        strength = beta_fraction * prices(scaled.spread(scaled.data.Y), 0.0).largest
    else:
        strength = beta / (x_unit * y_unit)
    program = replace(scaled, beta=strength)
    rounds = corrective_rounds(program, prices, rtol)
    deadline = Deadline.after(time_limit)
    *_, found = solutions(VectorBracket.unsolved(program), rounds, rtol, deadline)
    seconds = time.perf_counter() - began
    return VectorOptimum(program, prices, found.certificate, y_unit**2, seconds)
