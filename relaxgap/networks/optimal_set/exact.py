r"""The optimal set in fractions, where data, strength and dual point are short fractions.

A float is a fraction, so small integer data whose optimal dual point has small denominators can be
decided: a rational guess :math:`\nu` within the proven radius, the exact projections of the cells
that can be tight, and an exact solution :math:`c \ge 0` of :math:`\sum_k c_k a_k = y - \nu` over
those whose price is exactly ``beta`` make a pair that meets the optimality conditions. Then
:math:`\nu` *is* the optimal dual point. An output bias ``b`` adds :math:`1^\top \nu = \rho b`
to them; a free one leaves fit and columns less their means. This is for the squared loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float64

from relaxgap.networks.optimal_set.description import Description
from relaxgap.networks.optimal_set.problem import Problem
from relaxgap.numerics.rounding import EPS
from relaxgap.patterns.cones import project_onto_cone
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.losses import SQUARED

MAX_DENOMINATOR = 1000
"""Of the entries of the dual point that is guessed."""
MAX_NUMBERS = 4000
"""Entries of data and cells beyond which fractions take too long."""

Vector = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class ExactOptimalSet:
    r"""Hold the optimal set in fractions.

    Parameters
    ----------
    nu : tuple of Fraction
        The optimal dual point.
    directions : tuple of tuples
        Of each neuron, a vector of length ``beta``, each once.
    signs : tuple of int
        Of the output weights.
    columns : tuple of tuples
        What a unit of each neuron adds to the fit, exactly; beside a free constant less its mean.
    vertices : tuple of tuples
        The vertices found, weights :math:`c_k` that have the optimal fit exactly.
    """

    nu: Vector
    directions: tuple[Vector, ...]
    signs: tuple[int, ...]
    columns: tuple[Vector, ...]
    vertices: tuple[Vector, ...]

    @property
    def dimension_low(self) -> int:
        """Dimension of the hull of the vertices found: at most that of the set."""
        first, *others = self.vertices
        return rank_of([tuple(a - b for a, b in zip(v, first, strict=True)) for v in others])

    @property
    def dimension_high(self) -> int:
        """Number of neurons less the rank of their columns: at least that of the set."""
        return len(self.columns) - rank_of(self.columns)


def exact_optimal_set(
    problem: Problem,
    patterns: PatternSet,
    described: Description,
    vertices: Float64[np.ndarray, "v k"],
) -> ExactOptimalSet | None:
    """Find the set in fractions; None where the dual point is no short fraction.

    Parameters
    ----------
    problem : Problem
        Of the squared loss; no other is tried.
    patterns : PatternSet
        All open cells.
    described : Description
        The set as the numbers show it, with all cells that can be tight.
    vertices : (v, k) float64
        Of the neurons described; their supports are solved for again, exactly.
    """
    data, beta = problem.data, problem.beta
    size = data.X.size * (described.cells.n_cells + 1)
    if problem.loss.name != SQUARED.name or size > MAX_NUMBERS:
        return None
    nu = _short_fractions(described)
    if nu is None or (problem.is_free and sum(nu) != 0):
        return None
    X = [tuple(map(Fraction, row)) for row in data.X.tolist()]
    strength = Fraction(beta)
    tight: dict[tuple[int, Vector], None] = {}
    cells = described.cells
    for index, sign in zip(cells.pattern, cells.sign, strict=True):
        bits = patterns.unpack(np.array([index]))[0]
        projection = _projection(data.X, X, bits, int(sign), nu)
        if projection is None:
            return None
        square = _dot(projection, projection)
        if square > strength**2:
            return None
        if square == strength**2:
            tight[int(sign), projection] = None
    signs = tuple(sign for sign, _ in tight)
    directions = tuple(direction for _, direction in tight)
    columns = tuple(
        tuple(s * max(_dot(row, v), Fraction(0)) / strength for row in X)
        for s, v in zip(signs, directions, strict=True)
    )
    penalty = Fraction(problem.penalty)
    constant = sum(nu, Fraction(0)) / penalty if penalty else Fraction(0)
    fit = tuple(
        Fraction(label) - n - constant for label, n in zip(data.y.tolist(), nu, strict=True)
    )
    if problem.is_free:
        columns, fit = tuple(map(_centred, columns)), _centred(fit)
    found = _vertices(columns, fit, _matched(described, signs, directions, beta), vertices)
    if not found:
        return None
    return ExactOptimalSet(nu, directions, signs, columns, found)


def _short_fractions(described: Description) -> Vector | None:
    """Round the dual point to short fractions; None if these are not within the proven radius."""
    nu = tuple(Fraction(x).limit_denominator(MAX_DENOMINATOR) for x in described.nu.tolist())
    off = np.array([float(a - Fraction(b)) for a, b in zip(nu, described.nu.tolist(), strict=True)])
    return nu if float(np.linalg.norm(off)) * (1.0 + 1e-9) <= described.known.radius else None


def _projection(
    X: Float64[np.ndarray, "n d"],
    rows: Sequence[Vector],
    bits: np.ndarray,
    sign: int,
    nu: Vector,
) -> Vector | None:
    """Project onto a cone exactly: float64 says which rows have multipliers, fractions prove it."""
    g = tuple(
        sum((sign * nu[j] * rows[j][i] for j in np.flatnonzero(bits).tolist()), Fraction(0))
        for i in range(X.shape[1])
    )
    kept = np.flatnonzero(np.any(X != 0.0, axis=1))
    _, multipliers = project_onto_cone(X, bits, np.array([float(x) for x in g]))
    largest = float(multipliers.max(initial=0.0))
    sided = [tuple(x if bits[j] else -x for x in rows[j]) for j in kept.tolist()]
    faces = [sided[i] for i in np.flatnonzero(multipliers > 1e6 * EPS * largest).tolist()]
    gram = [tuple(_dot(a, b) for b in faces) for a in faces]
    mu = solve(gram, tuple(-_dot(a, g) for a in faces))
    if mu is None or any(x < 0 for x in mu):
        return None
    v = tuple(
        x + sum((m * a[i] for m, a in zip(mu, faces, strict=True)), Fraction(0))
        for i, x in enumerate(g)
    )
    return v if all(_dot(a, v) >= 0 for a in sided) else None


def _matched(
    described: Description, signs: Sequence[int], directions: Sequence[Vector], beta: float
) -> list[int | None]:
    """Return for each neuron described the exact one that is near it, if only one is."""
    units = np.array([[float(x) / beta for x in v] for v in directions])
    found: list[int | None] = []
    for k in range(described.neurons.n_neurons):
        if not directions:
            found.append(None)
            continue
        apart = np.linalg.norm(units - described.neurons.directions[k], axis=1)
        near = np.flatnonzero(
            (apart <= described.neurons.errors[k] + 16.0 * EPS)
            & (np.array(signs) == described.neurons.signs[k])
        )
        found.append(int(near[0]) if near.size == 1 else None)
    return found


def _vertices(
    columns: Sequence[Vector],
    fit: Vector,
    matched: Sequence[int | None],
    vertices: Float64[np.ndarray, "v k"],
) -> tuple[Vector, ...]:
    """Solve for the weights of each support in fractions, and keep what is exact."""
    found: dict[Vector, None] = {}
    for vertex in vertices:
        support = [matched[k] for k in np.flatnonzero(vertex).tolist()]
        rows = [k for k in support if k is not None]
        if len(rows) < len(support):
            continue
        chosen = [columns[k] for k in rows]
        gram = [tuple(_dot(a, b) for b in chosen) for a in chosen]
        weights = solve(gram, tuple(_dot(a, fit) for a in chosen))
        if weights is None or any(x < 0 for x in weights):
            continue
        whole = [Fraction(0)] * len(columns)
        for k, weight in zip(rows, weights, strict=True):
            whole[k] = weight
        reached = (
            sum((c * a[j] for c, a in zip(whole, columns, strict=True)), Fraction(0))
            for j in range(len(fit))
        )
        if tuple(reached) == fit:
            found[tuple(whole)] = None
    return tuple(found)


def solve(A: Sequence[Vector], b: Vector) -> Vector | None:
    """Solve a square system in fractions; None if it is singular."""
    rows = [[*row, right] for row, right in zip(A, b, strict=True)]
    for i in range(len(rows)):
        pivot = next((k for k in range(i, len(rows)) if rows[k][i] != 0), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(len(rows)):
            if k != i and rows[k][i] != 0:
                rows[k] = [x - rows[k][i] * y for x, y in zip(rows[k], rows[i], strict=True)]
    return tuple(row[-1] for row in rows)


def rank_of(vectors: Sequence[Vector]) -> int:
    """Return the rank of vectors of fractions."""
    rows, rank = [list(v) for v in vectors], 0
    for i in range(len(rows[0]) if rows else 0):
        pivot = next((k for k in range(rank, len(rows)) if rows[k][i] != 0), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        for k in range(rank + 1, len(rows)):
            factor = rows[k][i] / rows[rank][i]
            rows[k] = [x - factor * y for x, y in zip(rows[k], rows[rank], strict=True)]
        rank += 1
    return rank


def _centred(a: Vector) -> Vector:
    mean = sum(a, Fraction(0)) / len(a)
    return tuple(x - mean for x in a)


def _dot(a: Vector, b: Vector) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))
