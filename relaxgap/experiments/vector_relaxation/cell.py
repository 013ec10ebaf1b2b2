"""The exact optimum of networks with several outputs, relaxations of it, and trained networks.

References
----------
Sahiner, Ergen, Pauly & Pilanci (2021), arXiv 2012.13329, Section 3; Prakhya, Birdal & Yurtsever
(2025), arXiv 2410.22311, for the relaxation in one matrix of all neurons and activations.
"""

import time
from dataclasses import dataclass, field, replace

import numpy as np

from relaxgap.certificates.vector.duality import VectorBracket
from relaxgap.certificates.vector.price_forms import (
    PriceForm,
    cell_forms,
    largest_price,
    lifted_form,
)
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.outputs import Outputs, drawn, label_of
from relaxgap.experiments.parts.vector_optimum import check_fraction, optimum_of
from relaxgap.experiments.vector_relaxation.published import published_relaxation
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns import PatternSet
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.bracketed import solutions
from relaxgap.solvers.vector.nuclear import nuclear_bracket, nuclear_rounds
from relaxgap.solvers.vector.semidefinite import solve_forms
from relaxgap.training.vector_descent import VectorDescent, losses, train


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary.

    Parameters
    ----------
    outputs : Outputs
        Labels of the samples.
    beta_fraction : float
        Strength, as a fraction of that at which the zero network is optimal.
    rtol : float
        Relative gap of the exact optimum.
    time_limit : float
        Seconds of each method.
    training : VectorDescent
        Of the networks; those of another method take as many steps.
    """

    outputs: Outputs = field(default_factory=Outputs)
    beta_fraction: float = 0.1
    rtol: float = 1e-8
    time_limit: float = 120.0
    training: VectorDescent = field(default_factory=VectorDescent)

    def __post_init__(self) -> None:
        check_fraction(self.beta_fraction)
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-8.")


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one instance at one strength.

    Parameters
    ----------
    n, d, q : int
        Samples, columns and outputs.
    n_patterns, n_faces : int
        Cells, and faces of all of them.
    primal_value, dual_value, relative_gap : float
        Bracket of the optimum over networks of every width.
    exact_seconds : float
        Of that bracket, in one thread.
    width : int
        Neurons of its network.
    cell_bound, cell_seconds : float
        Lower bound from a doubly nonnegative matrix for each cell, and its seconds.
    lifted_bound, lifted_seconds : float
        Lower bound from one doubly nonnegative matrix of neurons and activations.
    published_order : int
        Order of the matrix of the published relaxation, which is that of the lifted bound.
    published_value, published_seconds : float
        What Clarabel finds for it as published, which proves nothing; NaN if it fails.
    gated_value : float
        Lower bound of the gated program over all cells.
    adam_best, adam_median : float
        Least and median loss of the networks trained by Adam.
    sgd_best, sgd_median : float
        Those of stochastic gradient descent.
    """

    data: str
    n: int
    d: int
    q: int
    seed: int
    beta_fraction: float
    n_patterns: int
    n_faces: int
    primal_value: float
    dual_value: float
    relative_gap: float
    exact_seconds: float
    width: int
    cell_bound: float
    cell_seconds: float
    lifted_bound: float
    lifted_seconds: float
    published_order: int
    published_value: float
    published_seconds: float
    gated_value: float
    adam_best: float
    adam_median: float
    sgd_best: float
    sgd_median: float


def run(cell: Cell[Settings]) -> list[Record]:
    """Solve one instance every way."""
    settings = cell.settings
    data = drawn(cell, settings.outputs)
    optimum = optimum_of(data, settings.rtol, settings.time_limit, settings.beta_fraction)
    program, square, found = optimum.program, optimum.square, optimum.bracket
    X, prices, patterns = program.data.X, optimum.prices, optimum.prices.patterns
    cells = _bound(program, cell_forms(X, patterns, prices.faces), settings)
    lifted = _bound(program, [lifted_form(X)], settings)
    published = published_relaxation(program, settings.time_limit)
    rng = np.random.default_rng(cell.streams()[2])
    trained = {
        method: losses(program, *train(program, replace(settings.training, method=method), rng))
        for method in ("adam", "sgd")
    }
    return [
        Record(
            data=label_of(cell, settings.outputs),
            n=data.n,
            d=data.d,
            q=data.q,
            seed=cell.seed,
            beta_fraction=settings.beta_fraction,
            n_patterns=patterns.n_patterns,
            n_faces=prices.faces.n_faces,
            primal_value=found.primal_value * square,
            dual_value=found.dual_value * square,
            relative_gap=found.relative_gap,
            exact_seconds=optimum.seconds,
            width=len(found.hidden),
            cell_bound=cells[0] * square,
            cell_seconds=cells[1],
            lifted_bound=lifted[0] * square,
            lifted_seconds=lifted[1],
            published_order=2 * data.n + data.d + data.q,
            published_value=published[0] * square,
            published_seconds=published[1],
            gated_value=_gated(program, patterns, settings) * square,
            adam_best=float(trained["adam"].min()) * square,
            adam_median=float(np.median(trained["adam"])) * square,
            sgd_best=float(trained["sgd"].min()) * square,
            sgd_median=float(np.median(trained["sgd"])) * square,
        )
    ]


def _bound(
    program: VectorProgram, forms: list[PriceForm], settings: Settings
) -> tuple[float, float]:
    """Return the lower bound that forms prove, and its seconds."""
    began = time.perf_counter()
    point = solve_forms(program, forms, Deadline.after(settings.time_limit))
    bracket = VectorBracket.unsolved(program)
    if point is not None:
        price = largest_price(forms, program.spread(point.R), point.multipliers)
        bracket = bracket.with_dual_point(program, point.R, price, "forms")
    return bracket.dual_value, time.perf_counter() - began


def _gated(program: VectorProgram, patterns: PatternSet, settings: Settings) -> float:
    data = program.data
    zero = np.zeros((patterns.n_patterns, data.d, data.q))
    first = nuclear_bracket(program, patterns, zero, data.Y)
    rounds = nuclear_rounds(program, patterns)
    deadline = Deadline.after(settings.time_limit)
    *_, last = solutions(first, rounds, 1e-4, deadline)
    return last.certificate.dual_value
