"""Which way to a bracket of training with several outputs, and one bracket after another."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.vector.cell_faces import CellFaces
from relaxgap.certificates.vector.cone_pca import ConePrices, with_merged_cells
from relaxgap.certificates.vector.duality import VectorBracket
from relaxgap.certificates.vector.price_forms import (
    PriceForm,
    cell_forms,
    largest_price,
    lifted_form,
)
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.bracketed import BracketSolution, solutions
from relaxgap.solvers.vector.corrective import corrective_rounds
from relaxgap.solvers.vector.given_cells import GivenCells
from relaxgap.solvers.vector.local_prices import LocalPrices
from relaxgap.solvers.vector.semidefinite import solve_forms
from relaxgap.solvers.vector.soft_threshold import soft_threshold_network, spectral_price

CELLS, DOUBLY_NONNEGATIVE, LIFTED, SPECTRAL = "cells", "doubly_nonnegative", "lifted", "spectral"
METHODS = {
    CELLS: "principal components in the cone of every cell, exact",
    DOUBLY_NONNEGATIVE: "doubly nonnegative matrices of every cell, a relaxation",
    LIFTED: "one doubly nonnegative matrix of all neurons and their activations, a relaxation "
    "without a list of cells",
    SPECTRAL: "the largest singular value of the rows",
}
"""What may prove the price of a dual point over all neurons."""
LOCAL_SHARE = 0.5
"""Fraction of the time that the search for networks may take where cells are not listed."""
MAX_CELLS = 3000
"""Of one conic program."""
MAX_LIFTED = 120
"""Rows and columns of a lifted form that a conic solver takes."""
SCS_ORDER = 45
"""Order from which on a first-order solver is sooner done."""


def method_for(program: VectorProgram, patterns: PatternSet | None, asked: str | None) -> str:
    """Return the way that is asked for, or the best for a problem of its size.

    Raises
    ------
    ConfigurationError
        If it is unknown, or not for a problem of this size.
    """
    order = sum(program.data.X.shape)
    listed = patterns is not None
    n_patterns = 0 if patterns is None else patterns.n_patterns
    if asked is None:
        if listed:
            return CELLS
        return LIFTED if order <= MAX_LIFTED else SPECTRAL
    if asked not in METHODS:
        raise ConfigurationError(
            f"Expected a solver of several outputs out of {', '.join(METHODS)}, got {asked!r}; "
            "choose one."
        )
    if patterns is not None and not patterns.complete and asked != CELLS:
        raise ConfigurationError(
            f"Expected the solver {CELLS} over given patterns, got {asked!r}, which is one over "
            "all; leave it out."
        )
    if asked in (CELLS, DOUBLY_NONNEGATIVE) and not listed:
        raise ConfigurationError(
            f"Expected patterns few enough to enumerate for the solver {asked}, got too many; "
            f"take {LIFTED} or {SPECTRAL}."
        )
    if asked == DOUBLY_NONNEGATIVE and n_patterns > MAX_CELLS:
        raise ConfigurationError(
            f"Expected at most {MAX_CELLS} patterns for the solver {DOUBLY_NONNEGATIVE}, got "
            f"{n_patterns}; take {CELLS}."
        )
    if asked == LIFTED and order > MAX_LIFTED:
        raise ConfigurationError(
            f"Expected at most {MAX_LIFTED} rows and columns together for the solver {LIFTED}, got "
            f"{order}; take {SPECTRAL}."
        )
    return asked


def vector_rounds(
    program: VectorProgram,
    patterns: PatternSet | None,
    method: str,
    rtol: float,
    seed: int,
    deadline: Deadline,
    prices: ConePrices | None = None,
) -> Iterator[BracketSolution[VectorBracket]]:
    """Return solutions, each bracket inside the one before; the first comes at once.

    Parameters
    ----------
    program : VectorProgram
        In units where rows and labels are about 1.
    patterns : PatternSet or None
        All patterns of its rows, where they are listed; or some, whose cells neurons stay in.
    method : str
        One of `METHODS`.
    rtol : float
        Relative gap to reach.
    seed : int
        Of starts of local ascent.
    deadline : Deadline
        Of all of it.
    prices : ConePrices, optional
        Of these patterns, where their faces are known already.
    """
    rounds = _rounds(program, patterns, method, rtol, seed, deadline, prices)
    return solutions(VectorBracket.unsolved(program), rounds, rtol, deadline)


def _rounds(
    program: VectorProgram,
    patterns: PatternSet | None,
    method: str,
    rtol: float,
    seed: int,
    deadline: Deadline,
    prices: ConePrices | None,
) -> Iterator[VectorBracket]:
    """Yield brackets that need not lie in each other."""
    X = program.data.X
    if patterns is not None and not patterns.complete:
        cells = prices or ConePrices.of(X, patterns)
        yield from corrective_rounds(program, cells, rtol, given=GivenCells(X, patterns))
        return
    start = _soft_threshold(program)
    if start is not None:
        yield start
        if start.relative_gap <= rtol:
            return
    if patterns is not None and method == CELLS:
        yield from corrective_rounds(program, prices or ConePrices.of(X, patterns), rtol)
        return
    yield from _searched(program, rtol, seed, deadline)
    if method == SPECTRAL:
        return
    if patterns is not None:
        forms = cell_forms(X, patterns, prices.faces if prices else CellFaces.of(X, patterns))
    else:
        forms = [lifted_form(X)]
    yield _proven_by_forms(program, forms, method, deadline, patterns)


def _soft_threshold(program: VectorProgram) -> VectorBracket | None:
    """Return the bracket of the soft-thresholded decomposition, where there is one."""
    network = soft_threshold_network(program)
    if network is None:
        return None
    residual = program.data.Y - program.fit(*network)
    bracket = VectorBracket.unsolved(program).with_network(program, *network)
    return bracket.with_dual_point(program, residual, spectral_price(program, residual), SPECTRAL)


def _searched(
    program: VectorProgram, rtol: float, seed: int, deadline: Deadline
) -> Iterator[VectorBracket]:
    """Yield ever better networks, with the bound that costs nothing."""
    turn = deadline.within(LOCAL_SHARE)
    prices = LocalPrices(program, np.random.default_rng(seed))
    for bracket in corrective_rounds(program, prices, rtol):
        residual = program.data.Y - program.fit(bracket.hidden, bracket.output)
        spectral = spectral_price(program, residual)
        yield bracket.with_dual_point(program, residual, spectral, SPECTRAL)
        if turn.has_passed:
            return


def _proven_by_forms(
    program: VectorProgram,
    forms: list[PriceForm],
    method: str,
    deadline: Deadline,
    patterns: PatternSet | None,
) -> VectorBracket:
    """Return the bracket that a conic solver's dual point proves."""
    bracket = VectorBracket.unsolved(program)
    largest = max(form.E.size for form in forms) + program.data.q
    solver, tolerance = ("clarabel", 1e-9) if largest <= SCS_ORDER else ("scs", 1e-5)
    point = solve_forms(program, forms, deadline, solver, tolerance)
    if point is None:
        return bracket
    spread = program.spread(point.R)
    price = largest_price(forms, spread, point.multipliers)
    if patterns is not None:
        price = float(with_merged_cells(np.array([price]), program.data.X, patterns, spread)[0])
    return bracket.with_dual_point(program, point.R, price, method)


def in_units(program: VectorProgram) -> tuple[VectorProgram, float, float]:
    """Return the program in units where rows and labels are about 1, and these, powers of two."""
    data = program.data
    units = power_above(data.X), power_above(data.Y)
    scaled = replace(data, X=data.X / units[0], Y=data.Y / units[1])
    return VectorProgram(scaled, program.beta / (units[0] * units[1])), units[0], units[1]


def power_above(array: Float64[np.ndarray, "..."]) -> float:
    """Return the power of two above the Frobenius norm; 1 of an array of zeros."""
    largest = float(np.abs(array).max(initial=0.0))
    if largest == 0.0:
        return 1.0
    unit = float(np.exp2(np.frexp(largest)[1]))
    return float(np.exp2(np.frexp(np.linalg.norm(array / unit))[1]) * unit)
