"""What a network of three-layer sub-networks and a dual point prove together."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.duality import Ends, feasible_dual
from relaxgap.problems.three_layer import ThreeLayerProgram


@dataclass(frozen=True, slots=True, eq=False)
class ThreeLayerBracket(Ends):
    """Hold a network, a dual point, and the bracket of the optimum that they prove.

    Parameters
    ----------
    hidden, inner, output : (K, m, d), (K, m) and (K,) float64
        The network.
    nu : (n,) float64
        Dual feasible, rounding included.
    primal_value, dual_value : float
        The loss of the network, with its rounding, and a lower bound of the optimum.
    proven_by : str
        What bounded the price of the dual point.
    """

    hidden: Float64[np.ndarray, "K m d"]
    inner: Float64[np.ndarray, "K m"]
    output: Float64[np.ndarray, " K"]
    nu: Float64[np.ndarray, " n"]
    primal_value: float
    dual_value: float
    proven_by: str = ""

    @classmethod
    def unsolved(cls, program: ThreeLayerProgram) -> "ThreeLayerBracket":
        """Return the network of no sub-networks, and zero below."""
        m, data = program.width, program.data
        none = np.zeros((0, m, data.d)), np.zeros((0, m)), np.zeros(0)
        return cls(*none, np.zeros(data.n), program.attained(*none), 0.0)

    def with_network(
        self,
        program: ThreeLayerProgram,
        hidden: Float64[np.ndarray, "K m d"],
        inner: Float64[np.ndarray, "K m"],
        output: Float64[np.ndarray, " K"],
    ) -> "ThreeLayerBracket":
        """Return the bracket with a network, if it is better than the one it has."""
        value = program.attained(hidden, inner, output)
        if not value < self.primal_value:
            return self
        lower = min(self.dual_value, value)
        return ThreeLayerBracket(hidden, inner, output, self.nu, value, lower, self.proven_by)

    def with_dual_point(
        self,
        program: ThreeLayerProgram,
        nu: Float64[np.ndarray, " n"],
        largest: float,
        proven_by: str,
    ) -> "ThreeLayerBracket":
        """Return the bracket with a dual point of known price, if that proves more."""
        found, value = feasible_dual(program.data.y, nu, largest, program.beta)
        value = min(value, self.primal_value)
        if not value > self.dual_value:
            return self
        return replace(self, nu=found, dual_value=value, proven_by=proven_by)

    def with_better(self, other: "ThreeLayerBracket") -> "ThreeLayerBracket":
        """Return the better network and the better dual point of two brackets of one problem."""
        upper = other if other.primal_value < self.primal_value else self
        lower = other if other.dual_value > self.dual_value else self
        value = min(lower.dual_value, upper.primal_value)
        return replace(upper, nu=lower.nu, dual_value=value, proven_by=lower.proven_by)
