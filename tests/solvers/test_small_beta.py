"""Small regularisation: near interpolation, on data of every shape."""

import numpy as np
import pytest
from instances import PROGRAM_TYPES, ProgramType, overlap

from relaxgap.certificates import beta_max
from relaxgap.data import Dataset
from relaxgap.numerics.backend import NUMPY
from relaxgap.patterns import PatternSet, enumerate_patterns, sample_patterns
from relaxgap.problems import relu_program
from relaxgap.solvers import ColumnGeneration, SemismoothNewton, Status
from relaxgap.solvers.newton.cone_projection import ConeProjector
from relaxgap.solvers.newton.cone_rows import ConeRows


def gaussian(n: int, d: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))


def binary(seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, size=(40, 10)).astype(np.float64)
    return Dataset(X, np.sign(rng.standard_normal(40)))


def integer(seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, size=(16, 3)).astype(np.float64)
    return Dataset(X, np.sign(rng.standard_normal(16)))


def repeated(seed: int) -> Dataset:
    half = gaussian(8, 3, seed)
    return Dataset(np.concatenate([half.X, half.X]), np.concatenate([half.y, -0.5 * half.y]))


def sampled(data: Dataset) -> PatternSet:
    return sample_patterns(data.X, 60, np.random.default_rng(0))


CAMPAIGN = {
    "square": (gaussian(10, 5, 0), 1e-4),
    "equal": (gaussian(8, 8, 1), 1e-5),
    "tall": (gaussian(30, 3, 2), 1e-3),
    "integer": (integer(3), 1e-3),
    "binary": (binary(11), 1e-2),
    "repeated": (repeated(5), 1e-5),
}


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
@pytest.mark.parametrize("name", CAMPAIGN)
def test_a_small_beta_is_solved_and_agrees_with_column_generation(
    name: str, kind: ProgramType
) -> None:
    data, fraction = CAMPAIGN[name]
    patterns = sampled(data) if data.n >= 30 else enumerate_patterns(data.X)
    program = kind(data, patterns, fraction * beta_max(data, patterns, kind))
    ours = SemismoothNewton(1e-6).solve(program)
    assert ours.status is Status.SOLVED
    assert overlap(ours.certificate, ColumnGeneration(1e-6).solve(program).certificate)


@pytest.mark.slow
def test_ten_thousand_patterns_at_a_ten_thousandth_of_beta_max_are_solved() -> None:
    data = gaussian(20, 5, 0)
    patterns = enumerate_patterns(data.X)
    program = relu_program(data, patterns, 1e-4 * beta_max(data, patterns))
    assert SemismoothNewton(1e-6).solve(program).status is Status.SOLVED


def projector(X: np.ndarray) -> ConeProjector:
    return ConeProjector(ConeRows.of(X, NUMPY.arrays()), enumerate_patterns(X).patterns)


@pytest.mark.parametrize("data", [integer(0), repeated(0)], ids=["integer", "repeated"])
def test_projections_are_exact_where_rows_are_dependent(data: Dataset) -> None:
    cones = projector(data.X)
    z = np.random.default_rng(1).standard_normal((cones.signs.shape[0], data.d))
    found = cones.project(z, 1e-9)
    rows = cones.signs[found.index][:, :, None] * cones.rows.rows
    inside = np.einsum("bkd,bd->bk", rows, found.points)
    normal = found.points - z[found.index]
    # in the cone, and orthogonal to the move that led there: Moreau
    assert inside.min() >= -1e-13
    np.testing.assert_allclose(np.vecdot(normal, found.points), 0.0, atol=1e-13)


def test_multipliers_bound_as_well_at_any_length_of_the_point() -> None:
    data = gaussian(8, 3, 4)
    cones = projector(data.X)
    z = np.random.default_rng(2).standard_normal((cones.signs.shape[0], data.d))
    cones.pivot(z, np.arange(z.shape[0]), 0.0)
    exact = cones.norm_bounds(z, np.arange(z.shape[0]))
    np.testing.assert_allclose(cones.rescale(1e-3 * z), 1e-3 * exact, rtol=0.0, atol=1e-15)
