"""One table of named programs with known optima; every solver is parametrised over it."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from continua import FIRST, SECOND, THIRD

from relaxgap.certificates import DualCertificate, beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.patterns import PatternSet, enumerate_patterns, sample_patterns
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import Blocks, ConeBlocks, Program, ProgramMaker, gated_program, relu_program

Point = Blocks
ProgramType = ProgramMaker
PROGRAM_TYPES: tuple[ProgramType, ProgramType] = (relu_program, gated_program)


@dataclass(frozen=True, slots=True, eq=False)
class KnownProgram:
    """A program with its optimum in closed form."""

    name: str
    program: Program
    optimum: float

    def __str__(self) -> str:
        return self.name


def thresholded(size: float, beta: float) -> float:
    """Value of ``min_t (size - t)^2 / 2 + beta |t|``, the Huber function."""
    return 0.5 * size**2 if size <= beta else beta * size - 0.5 * beta**2


def _both(name: str, X: object, y: object, beta: float, relu: float, gated: float) -> list:
    data = Dataset(np.array(X, dtype=np.float64), np.array(y, dtype=np.float64))
    patterns = enumerate_patterns(data.X)
    return [
        KnownProgram(f"{name}, cones", relu_program(data, patterns, beta), relu),
        KnownProgram(f"{name}, gated", gated_program(data, patterns, beta), gated),
    ]


def _signed(y: np.ndarray, beta: float) -> float:
    """Optimum over orthonormal rows: positive and negative labels separate."""
    parts = (np.linalg.norm(np.maximum(s * y, 0.0)) for s in (1.0, -1.0))
    return sum(thresholded(float(part), beta) for part in parts)


def _one_feature(x: np.ndarray, y: np.ndarray, beta: float) -> float:
    """Optimum for d = 1: positive and negative samples separate, each a scalar threshold."""
    value = 0.5 * float(y @ y)
    for half in (x > 0.0, x < 0.0):
        size = float(np.linalg.norm(x[half]))
        if size > 0.0:
            share = abs(float(x[half] @ y[half])) / size
            value += thresholded(share, beta / size) - 0.5 * share**2
    return value


@cache
def known_programs() -> tuple[KnownProgram, ...]:
    rng = np.random.default_rng(0)
    tall = np.linalg.qr(rng.standard_normal((7, 3)))[0]
    wide = np.linalg.qr(rng.standard_normal((5, 3)))[0].T
    mixed = np.array([1.5, -2.0, 0.7])
    huber = thresholded(float(np.linalg.norm(mixed)), 0.6)
    one = thresholded(2.0, 0.1)
    pair = np.array([3.0, -1.0])
    twice = np.repeat(wide[:2], 2, axis=0)
    x, y = np.array([3.0, -1.0, 2.0, 0.0, -4.0]), np.array([-2.0, 1.0, 4.0, 1.0, 3.0])
    table = [
        *_block_thresholds(tall),
        *_both("one sample", [[3.0, 4.0]], [2.0], 0.5, one, one),
        *_both("one sample, one feature", [[-5.0]], [-2.0], 0.5, one, one),
        *_both("one feature", x[:, None], y, 0.4, *[_one_feature(x, y, 0.4)] * 2),
        *_both("orthonormal rows", np.eye(3), mixed, 0.6, _signed(mixed, 0.6), huber),
        *_both("fewer samples than features", wide, mixed, 0.6, _signed(mixed, 0.6), huber),
        *_both(
            "labels of 1e-6", wide, 1e-6 * mixed, 6e-7, _signed(mixed, 0.6) / 1e12, huber / 1e12
        ),
        *_both(
            "labels of 1e12", wide, 1e12 * mixed, 6e11, _signed(mixed, 0.6) * 1e24, huber * 1e24
        ),
        *_both("zero labels", np.eye(2), [0.0, 0.0], 0.1, 0.0, 0.0),
        *_both("zero data", np.zeros((2, 3)), [3.0, 1.0], 0.1, 5.0, 5.0),
        *_both("a zero row", [[3.0, 4.0], [0.0, 0.0]], [2.0, 1.0], 0.5, one + 0.5, one + 0.5),
        *_both("repeated rows", [[3.0, 4.0]] * 2, pair, 1.0, *[_repeated(pair, 5.0, 1.0)] * 2),
        *_both("opposite labels", [[3.0, 4.0]] * 2, [1.0, -1.0], 1e-3, 1.0, 1.0),
        *_both("antiparallel rows", [[3.0, 4.0], [-3.0, -4.0]], [2.0, 2.0], 0.5, 2 * one, 2 * one),
        *_both("rank deficient", twice, np.repeat(pair, 2), 0.6, *_doubled(pair, 0.6)),
        *_with_many_optimal_networks(),
    ]
    assert len({known.name for known in table}) == len(table)
    return tuple(table)


def _with_many_optimal_networks() -> list[KnownProgram]:
    """Integer data whose dual point is 1 everywhere, at beta = 2, in the image of many networks.

    The optimum is that of the dual there, the labels' sum less half of their number.
    """
    signs = np.concatenate([np.eye(4), -np.eye(4)[:2]])
    made = {
        "rows at 120 degrees": (np.array([FIRST, SECOND, THIRD], dtype=np.float64), [3.0] * 3),
        "opposite unit rows": (signs, [2.0, 2.0, 3.0, 3.0, 2.0, 2.0]),
    }
    known = []
    for name, (X, labels) in made.items():
        data = Dataset(X, np.array(labels))
        program = relu_program(data, enumerate_patterns(X), 2.0)
        optimum = float(data.y.sum()) - 0.5 * data.n
        known.append(KnownProgram(f"many optimal networks, {name}, cones", program, optimum))
    return known


def _block_thresholds(tall: np.ndarray) -> list[KnownProgram]:
    """One all-active pattern: block soft thresholding."""
    y = np.array([1.0, -2.0, 0.5, 3.0, 1.0, -1.0, 2.0])
    # a gate on which the tall matrix is all active exists after flipping rows
    flipped = tall * np.where(tall @ np.ones(3) >= 0.0, 1.0, -1.0)[:, None]
    active = pattern_set_from_gates(flipped, np.ones((1, 3)))
    share = float(np.linalg.norm(flipped.T @ y))
    lost = 0.5 * float(y @ y) - 0.5 * share**2
    square = Dataset(np.eye(3), np.array([2.0, -1.0, 1.0]))
    first = pattern_set_from_gates(square.X, np.ones((1, 3)))
    gated = gated_program(Dataset(flipped, y), active, 0.3)
    zero = gated_program(Dataset(flipped, y), active, 1.5 * share)
    cones = relu_program(square, first, 0.3)
    return [
        KnownProgram("one all-active pattern, gated", gated, lost + thresholded(share, 0.3)),
        KnownProgram("beta above beta_max, gated", zero, 0.5 * float(y @ y)),
        KnownProgram("one all-active pattern, cones", cones, _signed(square.y, 0.3)),
    ]


def _repeated(y: np.ndarray, size: float, beta: float) -> float:
    """Two equal rows act as one of norm ``sqrt(2) size`` on the mean label."""
    share = float(y.sum()) / np.sqrt(2.0)
    spread = 0.5 * float(y @ y) - 0.5 * share**2
    return spread + thresholded(abs(share), beta / (np.sqrt(2.0) * size))


def _doubled(y: np.ndarray, beta: float) -> tuple[float, float]:
    scaled = np.sqrt(2.0) * y
    unit = beta / np.sqrt(2.0)
    return _signed(scaled, unit), thresholded(float(np.linalg.norm(scaled)), unit)


def random_program(
    kind: ProgramType,
    n: int,
    d: int,
    seed: int,
    fraction: float = 0.1,
    n_gates: int | None = None,
    labels: Literal["noise", "signs", "planted"] = "noise",
) -> Program:
    """Gaussian data; ``fraction`` of ``beta_max``; all patterns unless ``n_gates`` is given."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    y = {
        "noise": lambda: rng.standard_normal(n),
        "signs": lambda: rng.choice([-1.0, 1.0], n),
        "planted": lambda: np.maximum(X @ rng.standard_normal((d, 3)), 0.0) @ [1.0, -1.0, 1.0],
    }[labels]()
    return _program(kind, Dataset(X, y), fraction, n_gates, rng)


def degenerate_program(kind: ProgramType, seed: int, n: int = 5, d: int = 3) -> Program:
    """Badly scaled, integer, repeated, antiparallel or near-parallel rows; labels of any size."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    X = (
        rng.integers(-2, 3, (n, d)).astype(np.float64),
        X * 10.0 ** rng.uniform(-8.0, 8.0, (n, 1)),
        X[rng.integers(0, n, n)] * rng.choice([-1.0, 0.0, 1.0, 2.0], (n, 1)),
        X[:1] + X * 10.0 ** rng.uniform(-12.0, 0.0),
    )[seed % 4]
    y = (
        rng.standard_normal(n) * 10.0 ** rng.uniform(-12.0, 12.0),
        rng.integers(-1, 2, n).astype(np.float64),
        rng.standard_normal(n),
    )[seed % 3]
    return _program(kind, Dataset(X, y), 10.0 ** rng.uniform(-6.0, 0.3), None, rng)


def restricted(program: Program, seed: int, share: float = 0.5) -> Program:
    """Allow each block of a cone-constrained program with a given probability."""
    allowed = np.random.default_rng(seed).random((2, program.patterns.n_patterns)) < share
    return replace(program, family=ConeBlocks(allowed))


def _program(
    kind: ProgramType,
    data: Dataset,
    fraction: float,
    n_gates: int | None,
    rng: np.random.Generator,
) -> Program:
    patterns: PatternSet = (
        enumerate_patterns(data.X) if n_gates is None else sample_patterns(data.X, n_gates, rng)
    )
    unit = beta_max(data, patterns, kind)
    return kind(data, patterns, fraction * unit if unit > 0.0 else 1.0)


def random_point(program: Program, rng: np.random.Generator, size: float = 1.0) -> Point:
    """A point in its cones: blocks along the gates, or free ones."""
    shape = (program.patterns.n_patterns, program.data.d)
    if program.family.name == "gated":
        return Blocks.of(size * rng.standard_normal(shape))
    u, v = (size * rng.exponential(size=(shape[0], 1)) * program.patterns.gates for _ in range(2))
    return Blocks.of(u, v)


def overlap(a: DualCertificate, b: DualCertificate) -> bool:
    """Whether two brackets can hold the same optimum, up to rounding of the primal values."""
    high, low = a.primal_value * (1.0 + 1e-13), b.primal_value * (1.0 + 1e-13)
    return a.dual_value <= low and b.dual_value <= high
