"""Which method is best for a program: by its family, its loss and its shape."""

from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.limits import MAX_BITS_WITH_MULTIPLIERS
from relaxgap.numerics.memory import machine_bytes, refuse_beyond_memory
from relaxgap.numerics.rounding import EPS
from relaxgap.problems import Program
from relaxgap.problems.losses import ConicLoss, Smoothable, is_smooth
from relaxgap.solvers.column_basis import spread_of
from relaxgap.solvers.column_generation import ColumnGeneration
from relaxgap.solvers.needs import for_family
from relaxgap.solvers.newton import smoothing
from relaxgap.solvers.newton.pricing_oracle import NAME, ORACLES
from relaxgap.solvers.tall.cone_newton import ConeNewton
from relaxgap.solvers.tall.gram_newton import GramNewton
from relaxgap.solvers.tall.rounds import TallSolver

MAX_SQUARE = 5000
"""Samples up to which a system of their order is a fallback: 200 MB, and seconds a step."""


def method_of(program: Program, rtol: float, backend: Backend = NUMPY) -> str:
    """Return the name of the method of least predicted cost that reaches a gap on this program."""
    if has_kinks(program):
        many = program.data.n > smoothing.MIN_SAMPLES
        smooth = many and isinstance(program.loss, Smoothable)
        return smoothing.NAME if smooth else ColumnGeneration.name
    if (way := tall_way(program, backend)) is not None:
        return way.name
    n_entries = program.patterns.n_patterns * program.data.n
    oracle = for_family(NAME, ORACLES, program.family)
    large = n_entries > MAX_BITS_WITH_MULTIPLIERS
    if oracle.keeps_multipliers and (large or loses_digits(program, rtol)):
        return ColumnGeneration.name
    return NAME


def tall_way(program: Program, backend: Backend = NUMPY) -> type[TallSolver] | None:
    """Return the solver for tall data that suits a program, if one does; NumPy's arrays only."""
    ways: tuple[type[TallSolver], ...] = (GramNewton, ConeNewton) if backend == NUMPY else ()
    return next((way for way in ways if way.suits(program)), None)


def loses_digits(program: Program, rtol: float) -> bool:
    """Whether dual points in double precision cannot tell the blocks to the gap asked for.

    They must cancel what columns share, and a change of the last digit then moves the blocks by
    the square of the ratio of singular values.
    """
    if not isinstance(program.loss, ConicLoss):
        return False
    return spread_of(program.data) ** 2 * EPS > rtol


def has_kinks(program: Program) -> bool:
    """Whether only a conic solver takes the loss, whose conjugate is not smooth."""
    return isinstance(program.loss, ConicLoss) and not is_smooth(program.loss)


def is_square_small(program: Program) -> bool:
    """Whether a system of the order of the rows is cheap enough to fall back to."""
    return program.data.n <= MAX_SQUARE and _square_bytes(program) <= machine_bytes()


def refuse_square_beyond_memory(program: Program) -> None:
    """Refuse a system of the order of the rows that does not fit."""
    n_blocks = program.shape[0] * program.patterns.n_patterns
    refuse_beyond_memory(
        _square_bytes(program),
        f"a Newton system of {program.data.n} samples and {n_blocks} blocks",
        "give fewer samples or patterns",
    )


def _square_bytes(program: Program) -> float:
    """Return what the matrices of the order of the rows take, and the arrays of all blocks."""
    n, n_blocks = program.data.n, program.shape[0] * program.patterns.n_patterns
    has_cones = for_family(NAME, ORACLES, program.family).keeps_multipliers
    matrices, arrays = (6.0, 3.0) if has_cones else (3.0, 0.125)
    return 8.0 * n * (matrices * n + arrays * n_blocks)
