"""What the interior-point method needs of a lifted problem, and the parts they share."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.all_patterns.spectral.cones import Cones, Point, Scaling


class Equations(NamedTuple):
    """Hold weighted equations whose squares are the part of some samples' own cones.

    ``weights`` (g, m, q + D) has a column for each of the ``q`` local variables of a sample and
    then for each of its dense variables, whose positions are ``positions`` (g, D). The samples are
    consecutive and start at ``first``; those without local variables have ``q = 0``.
    """

    first: int
    weights: Float64[np.ndarray, "g m qD"]
    positions: Int[np.ndarray, "g D"]


@runtime_checkable
class LinearSystem(Protocol):
    """A Newton system that is ready to be solved."""

    def solve(self, gradient: Point) -> Point:
        """Return the step whose image under the system is ``gradient``."""
        ...


@runtime_checkable
class ConicProblem(Protocol):
    """A linear map of variables into the cones, and an objective to be maximised over them."""

    @property
    def degree(self) -> int:
        """Barrier degree, by which complementarity is divided to give its mean."""
        ...

    def cones(self, point: Point, constant: float) -> list[Cones]:
        """Return the elements of the cones at a point, or, with 0 for ``constant``, at a step."""
        ...

    def adjoint(self, multipliers: Sequence[Cones]) -> Point:
        """Return the gradient of the multipliers' products with the cones."""
        ...

    def system(self, point: Point, scalings: Sequence[Scaling]) -> LinearSystem:
        """Return the Newton system at a point, its slacks and their multipliers."""
        ...

    def trusts(self, point: Point, moved: Point) -> bool:
        """Whether a step stays where the Newton system is a model of the objective."""
        ...

    def objective_gradient(self, point: Point) -> Point:
        """Return the gradient of what is maximised."""
        ...

    def value(self, point: Point) -> float:
        """Return a positive number that the gap is compared with."""
        ...


@runtime_checkable
class LiftedProblem(ConicProblem, Protocol):
    """A problem in weights and slopes of rows.

    The weights are those of the rows ``rows[weighted]``, the slopes of ``rows[sloped]``.
    """

    @property
    def rows(self) -> Float64[np.ndarray, "n k"]:
        """Unit rows."""
        ...

    @property
    def weighted(self) -> slice:
        """Rows that have a weight."""
        ...

    @property
    def sloped(self) -> slice:
        """Rows that have a slope."""
        ...

    def equations(self, scalings: Sequence[Scaling]) -> list[Equations]:
        """Return the part of the Newton system that couples no two samples, budgets excepted."""
        ...

    def budget_gradients(self) -> list[Point]:
        """Return the gradient of each sign's budget, if it has one."""
        ...


def lifted_matrix(
    rows: Float64[np.ndarray, "w k"],
    weights: Float64[np.ndarray, " w"],
    corner: float,
    edge: Float64[np.ndarray, " k"],
    constant: float,
) -> Float64[np.ndarray, "K K"]:
    r"""Return the slack of the matrix cone.

    .. math:: \begin{pmatrix} t & \tfrac12 e^\top \\ \cdot & c I - X^\top \Lambda X \end{pmatrix}
    """
    k = edge.size
    matrix = np.empty((k + 1, k + 1))
    matrix[0, 0] = corner
    matrix[0, 1:] = matrix[1:, 0] = 0.5 * edge
    matrix[1:, 1:] = -(rows.T * weights) @ rows
    matrix[1:, 1:][np.diag_indices(k)] += constant
    return matrix


def lifted_blocks(
    shares: Float64[np.ndarray, " b"],
    moduli: Float64[np.ndarray, " b"],
    weights: Float64[np.ndarray, " b"],
) -> Float64[np.ndarray, "b 2 2"]:
    r"""Return the slacks :math:`(\tau, \kappa / 2; \cdot, \lambda)` of the 2 x 2 cones."""
    blocks = np.empty((shares.size, 2, 2))
    blocks[:, 0, 0], blocks[:, 1, 1] = shares, weights
    blocks[:, 0, 1] = blocks[:, 1, 0] = 0.5 * moduli
    return blocks


def block_equations(root: Float64[np.ndarray, "b 2 2"]) -> Float64[np.ndarray, "b 3 3"]:
    r"""Return the equations of the scaled 2 x 2 cones in share, modulus and weight.

    The squares of the three entries of :math:`R^\top B(\tau, \kappa, \lambda) R`, the one off the
    diagonal counted twice, add up to the cone's part of the Newton system.
    """
    equations = np.empty((root.shape[0], 3, 3))
    for k, (i, j, size) in enumerate(((0, 0, 1.0), (1, 1, 1.0), (0, 1, np.sqrt(2.0)))):
        equations[:, k, 0] = size * root[:, 0, i] * root[:, 0, j]
        equations[:, k, 2] = size * root[:, 1, i] * root[:, 1, j]
        crossed = root[:, 0, i] * root[:, 1, j] + root[:, 1, i] * root[:, 0, j]
        equations[:, k, 1] = 0.5 * size * crossed
    return equations


def quadratic_forms(
    rows: Float64[np.ndarray, "n k"], form: Float64[np.ndarray, "k k"]
) -> Float64[np.ndarray, " n"]:
    """Return the quadratic form of every row."""
    return np.asarray(np.einsum("ij,ij->i", rows @ form, rows))
