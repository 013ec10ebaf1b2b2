"""Small data with more rows than columns, of the kinds that tables are, and programs of them."""

import numpy as np

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import Program, ProgramMaker, gated_program, relu_program


def planted(n: int, d: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    X, W = rng.standard_normal((n, d)), rng.standard_normal((d, 5))
    y = np.maximum(X @ W, 0.0) @ rng.choice([-1.0, 1.0], 5)
    return Dataset(X, y / y.std() + 0.3 * rng.standard_normal(n))


def correlated(n: int, d: int, seed: int) -> Dataset:
    data = planted(n, d, seed)
    return Dataset(np.cumsum(data.X, axis=1), data.y)


def binary(n: int, d: int, seed: int) -> Dataset:
    data = planted(n, d, seed)
    return Dataset((data.X > 0.5).astype(np.float64), data.y)


def integer(n: int, d: int, seed: int) -> Dataset:
    data = planted(n, d, seed)
    return Dataset(np.round(2.0 * data.X), data.y)


def badly_scaled(n: int, d: int, seed: int) -> Dataset:
    data = planted(n, d, seed)
    return Dataset(data.X * np.logspace(-2.0, 1.0, d), data.y)


def collinear(n: int, d: int, seed: int) -> Dataset:
    data = planted(n, d, seed)
    X = data.X.copy()
    X[:, -1], X[:, -2] = X[:, 0], 0.0
    return Dataset(X, data.y)


def two_classes(data: Dataset) -> Dataset:
    return Dataset(data.X, np.where(data.y > np.median(data.y), 1.0, -1.0))


KINDS = (planted, correlated, binary, integer, badly_scaled, collinear)


def gated(data: Dataset, n_gates: int = 30, fraction: float = 0.05) -> Program:
    return sampled(gated_program, data, n_gates, fraction)


def relu(data: Dataset, n_gates: int = 30, fraction: float = 0.05) -> Program:
    return sampled(relu_program, data, n_gates, fraction)


def sampled(make: ProgramMaker, data: Dataset, n_gates: int, fraction: float) -> Program:
    gates = np.random.default_rng(7).standard_normal((n_gates, data.d))
    patterns = pattern_set_from_gates(data.X, gates)
    return make(data, patterns, fraction * beta_max(data, patterns, make))
