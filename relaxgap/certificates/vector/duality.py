"""What a network with several outputs and a dual point prove together."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.duality import Ends, feasible_dual
from relaxgap.problems.vector_output import VectorProgram


@dataclass(frozen=True, slots=True, eq=False)
class VectorBracket(Ends):
    """Hold a network, a dual point, and the bracket of the optimum that they prove.

    Parameters
    ----------
    hidden, output : (m, d) and (m, q) float64
        The network.
    R : (n, q) float64
        Dual feasible, rounding included.
    primal_value, dual_value : float
        The loss of the network, with its rounding, and a lower bound of the optimum.
    proven_by : str
        What bounded the price of the dual point.
    """

    hidden: Float64[np.ndarray, "m d"]
    output: Float64[np.ndarray, "m q"]
    R: Float64[np.ndarray, "n q"]
    primal_value: float
    dual_value: float
    proven_by: str = ""

    @classmethod
    def unsolved(cls, program: VectorProgram) -> "VectorBracket":
        """Return the network of no neurons, and zero below."""
        data = program.data
        none = np.zeros((0, data.d)), np.zeros((0, data.q))
        return cls(*none, np.zeros_like(data.Y), program.attained(*none), 0.0)

    def with_network(
        self,
        program: VectorProgram,
        hidden: Float64[np.ndarray, "m d"],
        output: Float64[np.ndarray, "m q"],
    ) -> "VectorBracket":
        """Return the bracket with a network, if it is better than the one it has."""
        value = program.attained(hidden, output)
        if not value < self.primal_value:
            return self
        lower = min(self.dual_value, value)
        return VectorBracket(hidden, output, self.R, value, lower, self.proven_by)

    def with_dual_point(
        self, program: VectorProgram, R: Float64[np.ndarray, "n q"], largest: float, proven_by: str
    ) -> "VectorBracket":
        """Return the bracket with a dual point of known price, if that proves more."""
        found, value = lower_bound(program, R, largest)
        value = min(value, self.primal_value)
        if not value > self.dual_value:
            return self
        return VectorBracket(self.hidden, self.output, found, self.primal_value, value, proven_by)

    def with_better(self, other: "VectorBracket") -> "VectorBracket":
        """Return the better network and the better dual point of two brackets of one problem."""
        upper = other if other.primal_value < self.primal_value else self
        lower = other if other.dual_value > self.dual_value else self
        value = min(lower.dual_value, upper.primal_value)
        return VectorBracket(
            upper.hidden, upper.output, lower.R, upper.primal_value, value, lower.proven_by
        )


def lower_bound(
    program: VectorProgram, R: Float64[np.ndarray, "n q"], largest: float
) -> tuple[Float64[np.ndarray, "n q"], float]:
    """Scale a dual point whose price over these rows is bounded, and return what it proves.

    Parameters
    ----------
    program : VectorProgram
        Problem.
    R : (n, q) float64
        Any dual point.
    largest : float
        A bound of its prices.

    Returns
    -------
    R, dual_value : (n, q) float64 and float
        Dual feasible, and a lower bound of the optimum; zero if none is better.
    """
    y, price = program.data.Y.ravel(), program.priced(R, largest)
    found, value = feasible_dual(y, np.ascontiguousarray(R).ravel(), price, program.beta)
    value -= program.label_error * float(np.linalg.norm(found)) * (1.0 + 1e-9)
    return (found.reshape(R.shape), value) if value > 0.0 else (np.zeros_like(R), 0.0)
