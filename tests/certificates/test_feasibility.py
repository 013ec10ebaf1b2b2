import numpy as np
import pytest
from instances import degenerate_program, random_point, random_program

from relaxgap.data.dataset import Dataset
from relaxgap.patterns import PatternSet, enumerate_patterns
from relaxgap.problems import Blocks, relu_program


@pytest.mark.parametrize("seed", range(24))
def test_any_point_ends_up_in_its_cones(seed: int) -> None:
    program = degenerate_program(relu_program, seed)
    rng = np.random.default_rng(seed)
    shape = (program.patterns.n_patterns, program.data.d)
    for size in (1.0, 1e-12, 1e12):
        point = Blocks.of(*(size * rng.standard_normal((2, *shape))))
        assert program.max_cone_violation(program.into_cones(point)) <= 1e-13


def test_points_of_the_cones_are_kept() -> None:
    program = random_program(relu_program, 6, 3, seed=0)
    point = random_point(program, np.random.default_rng(0))
    kept = program.into_cones(point)
    assert np.array_equal(kept.w[0], point.w[0])  # type: ignore[union-attr]
    assert np.array_equal(kept.w[1], point.w[1])  # type: ignore[union-attr]


def test_negligible_blocks_become_exactly_zero() -> None:
    program = random_program(relu_program, 6, 3, seed=1)
    u = program.patterns.gates.copy()
    u[1:] *= 1e-10
    kept = program.into_cones(Blocks.of(u, np.zeros_like(u)))
    assert kept.active_blocks == 1


def test_the_zero_point_stays_zero() -> None:
    program = random_program(relu_program, 6, 3, seed=2)
    assert program.into_cones(program.zero()).active_blocks == 0


def test_a_block_in_a_sliver_between_two_rows_is_in_it_or_zero() -> None:
    X = np.array([[1.0, 0.0], [1.0, 1e-9]])
    data = Dataset(X, np.ones(2))
    patterns = enumerate_patterns(X)
    assert patterns.n_patterns == 4
    program = relu_program(data, patterns, 0.1)
    rng = np.random.default_rng(0)
    for _ in range(50):
        blocks = program.into_cones(Blocks.of(*rng.standard_normal((2, 4, 2))))
        signs = np.where(patterns.patterns, 1.0, -1.0)
        for w in (blocks.w[0], blocks.w[1]):
            assert np.all(signs * (w @ X.T) >= -1e-14)


def test_a_gate_on_the_boundary_cannot_repair_a_block() -> None:
    X = np.eye(2)
    patterns = PatternSet(np.packbits([[True, True]], axis=1), np.zeros((1, 2)), 2)
    program = relu_program(Dataset(X, np.ones(2)), patterns, 0.1)
    point = program.into_cones(Blocks.of(np.array([[-1.0, -1.0]]), np.array([[1.0, 2.0]])))
    assert program.max_cone_violation(point) == 0.0
    assert np.array_equal(point.w[1], [[1.0, 2.0]])
