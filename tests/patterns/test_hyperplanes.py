import numpy as np
import pytest

from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns.hyperplanes import TOLERANCE, distinct_hyperplanes, first_parallel


def test_the_first_of_parallel_rows_is_kept_in_order() -> None:
    X = np.array([[0.0, 2.0], [1.0, 1.0], [0.0, -3.0], [5.0, 0.0], [0.1, 0.1]])
    expected = np.array([[0.0, 1.0], [np.sqrt(0.5), np.sqrt(0.5)], [1.0, 0.0]])
    assert distinct_hyperplanes(X).normals == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(("angle", "n_hyperplanes"), [(0.1 * TOLERANCE, 1), (10 * TOLERANCE, 2)])
def test_rows_merge_below_the_tolerance_and_not_above(angle: float, n_hyperplanes: int) -> None:
    X = np.array([[1.0, 1.0], [-1.0, -1.0 - 2.0 * angle]])
    assert distinct_hyperplanes(X).n_hyperplanes == n_hyperplanes


def test_normals_of_rank_deficient_data_reproduce_its_rows() -> None:
    rng = np.random.default_rng(1)
    X = rng.standard_normal((9, 3)) @ rng.standard_normal((3, 7))
    hyperplanes = distinct_hyperplanes(X)
    assert hyperplanes.rank == 3
    assert hyperplanes.normals @ hyperplanes.basis == pytest.approx(unit_rows(X), abs=1e-14)


def test_rank_does_not_depend_on_the_scale_of_rows() -> None:
    X = np.diag([1e-150, 1.0, 1e150])
    assert distinct_hyperplanes(X).rank == 3


def test_equal_projections_do_not_merge_different_rows() -> None:
    probe = np.cos(np.arange(1.0, 3.0))
    first = np.array([1.0, 0.0])
    mirrored = 2.0 * probe * (probe @ first) / (probe @ probe) - first
    assert distinct_hyperplanes(np.stack([first, mirrored])).n_hyperplanes == 2


def test_every_row_is_named_after_the_first_row_parallel_or_antiparallel_to_it() -> None:
    X = np.array([[0.0, 2.0], [1.0, 1.0], [0.0, -3.0], [1.0, -1.0], [-0.1, -0.1], [0.0, 1.0]])
    np.testing.assert_array_equal(first_parallel(unit_rows(X)), [0, 1, 0, 3, 1, 0])
