r"""The dual with every price bounded by a quadratic form: doubly nonnegative relaxations.

.. math:: \max_{R, c} \langle R, Y \rangle - \tfrac12 \|R\|_F^2 \quad\text{with}\quad
    \begin{pmatrix} I & R^\top S G^\top \\ G S^\top R & \beta^2 E - C(c) \end{pmatrix} \succeq 0

for the form of every region. A conic solver finds dual point and multipliers; what they prove is
computed from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int
from scipy import sparse

from relaxgap.certificates.vector.price_forms import PriceForm
from relaxgap.numerics.clock import Deadline, checkpoint
from relaxgap.problems.vector_output import VectorProgram

TOLERANCE = 1e-9
MAX_SECONDS = 1e6
PRODUCTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class SemidefinitePoint:
    """Hold a dual point and the multipliers of every form, of any quality.

    Parameters
    ----------
    R : (n, q) float64
        Dual point.
    multipliers : list of (k,) float64
        Of the products of each form.
    value : float
        What the solver takes the optimum of the relaxation to be.
    """

    R: Float64[np.ndarray, "n q"]
    multipliers: list[Float64[np.ndarray, " _"]]
    value: float


def solve_forms(
    program: VectorProgram,
    forms: Sequence[PriceForm],
    deadline: Deadline,
    method: str = "clarabel",
    tolerance: float = TOLERANCE,
) -> SemidefinitePoint | None:
    """Solve the dual over all forms; None if the solver returned nothing finite.

    In units in which the strength is 1: those of prices, which the constraints bound.

    Parameters
    ----------
    program : VectorProgram
        In units where rows and labels are about 1.
    forms : sequence of PriceForm
        Regions that cover all neurons.
    deadline : Deadline
        Handed to the solver.
    method : str
        ``clarabel``, or ``scs`` for forms of many rows.
    tolerance : float
        Of the solver.
    """
    data = program.data
    (n, q), n_each = data.Y.shape, [form.a.shape[0] for form in forms]
    total = n * q + sum(n_each)
    entries, constants = _Entries(), []
    n_bound, start = 0, n * q
    for form in forms:
        bounded = np.flatnonzero(~form.free)
        entries.add(n_bound + np.arange(bounded.size), start + bounded, -np.ones(bounded.size))
        n_bound += bounded.size
        start += form.a.shape[0]
    at, start, orders = n_bound, n * q, []
    for form in forms:
        order = q + form.E.size
        triangle = _Triangle.of(order, method)
        constants.append(triangle.packed(np.diag(np.concatenate([np.ones(q), form.E]))))
        _add_moments(entries, form, program, at, triangle)
        _add_products(entries, form, q, at, start, triangle)
        orders.append(order)
        at += triangle.length
        start += form.a.shape[0]
    A = entries.matrix((at, total))
    quadratic = np.concatenate([np.full(n * q, program.beta), np.zeros(total - n * q)])
    problem = _Conic(
        sparse.diags_array(quadratic, format="csc"),
        np.concatenate([-data.Y.ravel(), np.zeros(total - n * q)]),
        A,
        np.concatenate([np.zeros(n_bound), *constants]),
        n_bound,
        orders,
    )
    x = (_clarabel if method == "clarabel" else _scs)(problem, deadline, tolerance)
    if x is None or not np.all(np.isfinite(x)):
        return None
    R = program.beta * x[: n * q].reshape(n, q)
    value = float(np.sum(R * data.Y)) - 0.5 * float(np.sum(R**2))
    multipliers = np.split(program.beta**2 * x[n * q :], np.cumsum(n_each)[:-1])
    return SemidefinitePoint(R, multipliers, value)


@dataclass(frozen=True, slots=True, eq=False)
class _Conic:
    """Minimise x' P x / 2 + cost' x with constant - A x in nonnegative numbers and triangles."""

    P: Any
    cost: Float64[np.ndarray, " k"]
    A: Any
    constant: Float64[np.ndarray, " r"]
    n_bound: int
    orders: list[int]


@dataclass(frozen=True, slots=True, eq=False)
class _Triangle:
    """Say where an entry of a symmetric matrix stands in a solver's list, and its factor."""

    place: Int[np.ndarray, "s s"]
    factor: Float64[np.ndarray, "s s"]

    @classmethod
    def of(cls, order: int, method: str) -> "_Triangle":
        if method == "clarabel":
            # the upper triangle by columns
            column, row = np.tril_indices(order)
        else:
            # the lower triangle by columns
            column, row = np.triu_indices(order)
        place = np.zeros((order, order), dtype=np.int64)
        place[row, column] = place[column, row] = np.arange(row.size)
        factor = np.full((order, order), np.sqrt(2.0))
        np.fill_diagonal(factor, 1.0)
        return cls(place, factor)

    @property
    def length(self) -> int:
        order = int(self.place.shape[0])
        return order * (order + 1) // 2

    def packed(self, matrix: Float64[np.ndarray, "s s"]) -> Float64[np.ndarray, " l"]:
        out = np.zeros(self.length)
        out[self.place] = self.factor * matrix
        return out


class _Entries:
    """Collect the entries of a sparse matrix."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []
        self.columns: list[np.ndarray] = []
        self.values: list[np.ndarray] = []

    def add(self, rows: np.ndarray, columns: np.ndarray, values: np.ndarray) -> None:
        self.rows.append(rows.ravel())
        self.columns.append(columns.ravel())
        self.values.append(values.ravel())

    def matrix(self, shape: tuple[int, int]) -> Any:
        rows, columns, values = map(np.concatenate, (self.rows, self.columns, self.values))
        some = values != 0.0
        return sparse.csc_matrix((values[some], (rows[some], columns[some])), shape=shape)


def _add_moments(
    entries: _Entries, form: PriceForm, program: VectorProgram, at: int, triangle: _Triangle
) -> None:
    """Enter G S R below the identity: constant - A x holds it, so that A holds its negative."""
    q = program.data.q
    pooled = program.pooled(form.G.T)
    i, s, k = np.meshgrid(
        np.arange(pooled.shape[0]), np.arange(pooled.shape[1]), np.arange(q), indexing="ij"
    )
    rows = at + triangle.place[q + s, k]
    entries.add(rows, i * q + k, -np.sqrt(2.0) * pooled[i, s])


def _add_products(
    entries: _Entries, form: PriceForm, q: int, at: int, start: int, triangle: _Triangle
) -> None:
    """Enter the products: constant - A x holds their negative."""
    row, column = np.tril_indices(form.E.size)
    factor = triangle.factor[row, column]
    place = at + triangle.place[q + row, q + column]
    for first in range(0, form.a.shape[0], PRODUCTS_AT_ONCE):
        checkpoint()
        some = slice(first, first + PRODUCTS_AT_ONCE)
        a, b = form.a[some], form.b[some]
        halves = 0.5 * (a[:, row] * b[:, column] + a[:, column] * b[:, row]) * factor
        k, e = np.nonzero(halves)
        entries.add(place[e], start + first + k, halves[k, e])


def _clarabel(
    problem: _Conic, deadline: Deadline, tolerance: float
) -> Float64[np.ndarray, " k"] | None:
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.time_limit = min(deadline.remaining_seconds, MAX_SECONDS)
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    cones = [clarabel.NonnegativeConeT(problem.n_bound)] if problem.n_bound else []
    cones += [clarabel.PSDTriangleConeT(order) for order in problem.orders]
    upper = sparse.triu(problem.P, format="csc")
    solver = clarabel.DefaultSolver(
        upper, problem.cost, problem.A, problem.constant, cones, settings
    )
    return np.asarray(solver.solve().x, dtype=np.float64)


def _scs(problem: _Conic, deadline: Deadline, tolerance: float) -> Float64[np.ndarray, " k"] | None:
    import scs

    data = {
        "P": sparse.csc_matrix(sparse.triu(problem.P)),
        "A": problem.A,
        "b": problem.constant,
        "c": problem.cost,
    }
    cone = {"l": problem.n_bound, "s": problem.orders}
    limit = min(deadline.remaining_seconds, MAX_SECONDS)
    options = {"eps_abs": tolerance, "eps_rel": tolerance, "max_iters": 1_000_000}
    found = scs.SCS(data, cone, verbose=False, time_limit_secs=limit, **options).solve()
    return np.asarray(found["x"], dtype=np.float64)
