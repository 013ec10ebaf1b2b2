r"""The best network of one or two neurons: the least loss over all sets of cells.

A narrow network is a point of the program over its own cells, so that

.. math:: p^*_m = \min_{|S| = m} p(S),

with ``S`` a set of (cell, sign) pairs. Each :math:`p(S)` is bounded by every dual point, scaled
until the prices of the cells in ``S`` are at most ``beta``; so the dual points of sets that have
been solved bound all others, and the one of least bound is solved next.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.certificates.prices.cones import bound_cone_prices
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError, EnumerationLimitError
from relaxgap.global_optimum.attained_loss import attained_loss
from relaxgap.networks import TwoLayerNetwork
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.numerics.nonnegative_lasso import nonnegative_lasso
from relaxgap.numerics.rounding import EPS
from relaxgap.patterns import PatternSet, enumerate_patterns
from relaxgap.patterns.cones import project_onto_cone

MAX_WIDTH = 2
MAX_CELLS = 4000
"""(Cell, sign) pairs whose pairs fit in a table."""
MAX_ROUNDS = 60
"""Of new directions for one set of cells."""


@dataclass(frozen=True, slots=True, eq=False)
class NarrowOptimum:
    """Hold a bracket of the least loss of networks of one width.

    Parameters
    ----------
    primal_value, dual_value : float
        The loss of the network, rounding included, and what no network of this width falls below.
    network : TwoLayerNetwork
        The best one found.
    n_sets, n_solved : int
        Sets of cells there are, and those that had to be solved.
    """

    primal_value: float
    dual_value: float
    network: TwoLayerNetwork
    n_sets: int
    n_solved: int

    @property
    def relative_gap(self) -> float:
        """Width of the bracket over ``primal_value``."""
        gap = max(self.primal_value - self.dual_value, 0.0)
        return gap / self.primal_value if self.primal_value > 0.0 else 0.0


def narrow_optimum(
    data: Dataset, beta: float, width: int, rtol: float = 1e-6, *, deadline: Deadline = NEVER
) -> NarrowOptimum:
    r"""Bracket the least training loss of networks of one or two neurons, squared loss.

    Parameters
    ----------
    data : Dataset
        Few samples: of ten in five dimensions there are half a million pairs of cells.
    beta : float
        Regularisation strength, positive.
    width : int
        1 or 2.
    rtol : float
        Relative gap to reach.
    deadline : Deadline
        No new set is begun after it; the bracket holds whenever it ends.

    Raises
    ------
    ConfigurationError
        If the width is another one, or the strength is not positive.
    EnumerationLimitError
        If there are more cells than a table of pairs holds, or they cannot be told apart.

    Notes
    -----
    Cost: a cone program for every cell, then for some hundred pairs the prices of all cells.
    """
    if width not in range(1, MAX_WIDTH + 1):
        raise ConfigurationError(
            f"Expected a width of 1 to {MAX_WIDTH}, got {width}; wider networks have too many sets "
            "of cells: take relaxgap.solve, whose optimum is over all widths."
        )
    if not (beta > 0.0 and np.isfinite(beta)):
        raise ConfigurationError(f"Expected a positive, finite beta, got {beta}; raise beta.")
    patterns = enumerate_patterns(data.X, limit=MAX_CELLS // 2)
    if not patterns.complete or patterns.shift is not None:
        raise EnumerationLimitError(
            "Expected data whose cells double precision tells apart, got rows on nearly one "
            "hyperplane; round them to fewer digits."
        )
    search = _Search(data, beta, rtol, patterns)
    search.solve_cells(deadline)
    if width == 2:
        search.solve_pairs(deadline)
    return search.found(width)


class _Search:
    """The sets of cells, the bounds of their values, and the best network so far."""

    def __init__(self, data: Dataset, beta: float, rtol: float, patterns: PatternSet) -> None:
        self.data, self.beta, self.rtol, self.patterns = data, beta, rtol, patterns
        self.n_cells = 2 * patterns.n_patterns
        self.bits = patterns.patterns
        self.singles = np.zeros(self.n_cells)
        self.pairs = np.zeros((0, 0))
        self.best = TwoLayerNetwork(np.zeros((0, data.d)), np.zeros(0))
        self.value = attained_loss(self.best, data, beta)
        self.n_solved = 0
        self.duals: list[Float64[np.ndarray, " n"]] = []

    def solve_cells(self, deadline: Deadline) -> None:
        """Solve for one neuron in each cell."""
        for cell in range(self.n_cells):
            if deadline.has_passed:
                return
            bound, nu = self._solve(np.array([cell]))
            self.singles[cell] = bound
            self.duals.append(nu)

    def solve_pairs(self, deadline: Deadline) -> None:
        """Solve the pair of least bound until none can be better than the best network."""
        self.pairs = np.zeros((self.n_cells, self.n_cells))
        unused = dict(enumerate(self.duals))
        while not deadline.has_passed:
            cells = np.unravel_index(int(np.argmin(self.pairs)), self.pairs.shape)
            a, b = int(cells[0]), int(cells[1])
            if self.pairs[a, b] >= self.value * (1.0 - self.rtol):
                return
            nearest = next((cell for cell in (a, b) if cell in unused), None)
            if nearest is not None:
                # what the cell alone proves costs no solve
                self._bound_by(unused.pop(nearest))
                continue
            bound, nu = self._solve(np.unique(np.array([a, b])))
            self._bound_by(nu)
            settled = max(bound, float(self.pairs[a, b]))
            self.pairs[a, b] = self.pairs[b, a] = settled
            if settled < self.value * (1.0 - self.rtol):
                # its bracket is as narrow as it gets
                return

    def found(self, width: int) -> NarrowOptimum:
        """Return the bracket."""
        table = self.pairs if width == 2 else self.singles
        bound = float(table.min()) if table.size else 0.0
        n = self.n_cells
        n_sets = n if width == 1 else n * (n + 1) // 2
        return NarrowOptimum(
            self.value, max(0.0, min(bound, self.value)), self.best, n_sets, self.n_solved
        )

    def _bound_by(self, nu: Float64[np.ndarray, " n"]) -> None:
        """Raise the bounds of all pairs by one dual point, scaled for each of them."""
        prices = bound_cone_prices(self.data.X, self.patterns, nu, 0.0).bounds.ravel()
        of_pairs = np.maximum.outer(prices, prices)
        values = _dual_values(self.data, nu, of_pairs, self.beta)
        np.maximum(self.pairs, values, out=self.pairs)

    def _solve(self, cells: Int[np.ndarray, " c"]) -> tuple[float, Float64[np.ndarray, " n"]]:
        """Solve over some cells; return a lower bound and the dual point that proves it."""
        self.n_solved += 1
        X, y, beta = self.data.X, self.data.y, self.beta
        signs = np.where(cells < self.patterns.n_patterns, 1.0, -1.0)
        bits = self.bits[cells % self.patterns.n_patterns]
        units, owner, c = np.zeros((0, self.data.d)), np.zeros(0, dtype=np.intp), np.zeros(0)
        nu, bound, proof = y.copy(), 0.0, y
        for _ in range(MAX_ROUNDS):
            prices = np.zeros(len(cells))
            for k in range(len(cells)):
                gradient = signs[k] * ((nu * bits[k]) @ X)
                found, multipliers = project_onto_cone(X, bits[k], gradient)
                size = float(np.linalg.norm(found))
                scale = float(np.abs(nu) @ np.abs(X).sum(axis=1)) + float(multipliers.sum())
                prices[k] = size + 4.0 * EPS * (2 * len(y) + 2 * self.data.d + 8) * scale + 1e-150
                if size > beta:
                    units = np.concatenate([units, found[None] / size])
                    owner, c = np.append(owner, k), np.append(c, 0.0)
            value = float(_dual_values(self.data, nu, np.array([prices.max()]), beta)[0])
            if value > bound:
                bound, proof = value, nu
            network = self._network(units, owner, c, signs)
            attained = attained_loss(network, self.data, beta)
            if attained < self.value:
                self.value, self.best = attained, network
            if attained - bound <= 0.5 * self.rtol * attained or prices.max() <= beta:
                break
            A = np.maximum(X @ units.T, 0.0) * signs[owner]
            c = nonnegative_lasso(A, y, beta)
            nu = y - A @ c
            kept = c > 0.0
            units, owner, c = units[kept], owner[kept], c[kept]
        return bound, proof

    def _network(
        self,
        units: Float64[np.ndarray, "k d"],
        owner: Int[np.ndarray, " k"],
        c: Float64[np.ndarray, " k"],
        signs: Float64[np.ndarray, " c"],
    ) -> TwoLayerNetwork:
        """Add up the directions of each cell: one neuron, of no larger norm."""
        blocks = np.zeros((len(signs), self.data.d))
        np.add.at(blocks, owner, c[:, None] * units)
        sizes = np.linalg.norm(blocks, axis=1)
        live = sizes > 0.0
        roots = np.sqrt(sizes[live])
        return TwoLayerNetwork(blocks[live] / roots[:, None], signs[live] * roots)


def _dual_values(
    data: Dataset,
    nu: Float64[np.ndarray, " n"],
    prices: Float64[np.ndarray, "..."],
    beta: float,
) -> Float64[np.ndarray, "..."]:
    """Return the best dual values of multiples of ``nu`` with prices of at most ``beta``."""
    product, square = float(data.y @ nu), float(nu @ nu)
    if product <= 0.0 or square == 0.0:
        return np.zeros_like(prices)
    with np.errstate(divide="ignore"):
        scales = np.minimum(beta / prices, product / square) * (1.0 - 8.0 * EPS)
    rounding = 4.0 * EPS * (data.n + 8) * (float(np.abs(data.y) @ np.abs(nu)) + square)
    values = scales * product - 0.5 * scales**2 * square
    return np.maximum(values - rounding * np.maximum(scales, scales**2), 0.0)
