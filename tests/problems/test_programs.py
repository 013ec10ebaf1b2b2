from dataclasses import replace

import numpy as np
import pytest
from instances import PROGRAM_TYPES, Program, ProgramType, random_point, random_program

from relaxgap.certificates import DualCertificate, certify
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.patterns import PatternSet, enumerate_patterns
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import Blocks, gated_program, relu_program
from relaxgap.solvers import ColumnGeneration


def optimum(program: Program) -> DualCertificate:
    return ColumnGeneration(rtol=1e-8).solve(program).certificate


def assert_same(a: DualCertificate, b: DualCertificate, factor: float = 1.0) -> None:
    assert a.dual_value * factor <= b.primal_value * (1.0 + 1e-12)
    assert b.dual_value <= a.primal_value * factor * (1.0 + 1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_dropping_the_cones_never_raises_the_optimum(seed: int) -> None:
    cones = random_program(relu_program, 6, 3, seed)
    gated = gated_program(cones.data, cones.patterns, cones.beta)
    assert optimum(gated).dual_value <= optimum(cones).primal_value


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_adding_patterns_never_raises_the_optimum(kind: ProgramType, seed: int) -> None:
    large = random_program(kind, 6, 3, seed, n_gates=20)
    few = replace(large, patterns=large.patterns.subset(np.arange(3)))
    every = replace(large, patterns=enumerate_patterns(large.data.X))
    values = [optimum(program) for program in (every, large, few)]
    assert values[0].dual_value <= values[1].primal_value
    assert values[1].dual_value <= values[2].primal_value


@pytest.mark.parametrize("factor", [1e-3, 7.0])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_scaling_labels_and_beta_by_c_scales_the_optimum_by_its_square(
    kind: ProgramType, factor: float
) -> None:
    program = random_program(kind, 6, 3, seed=1)
    scaled = kind(
        Dataset(program.data.X, factor * program.data.y), program.patterns, factor * program.beta
    )
    assert_same(optimum(program), optimum(scaled), factor**2)


@pytest.mark.parametrize("factor", [1e-3, 7.0])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_scaling_data_and_beta_together_keeps_the_optimum(kind: ProgramType, factor: float) -> None:
    program = random_program(kind, 6, 3, seed=2)
    scaled = kind(
        Dataset(factor * program.data.X, program.data.y), program.patterns, factor * program.beta
    )
    assert_same(optimum(program), optimum(scaled))


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_order_of_samples_and_of_patterns_does_not_matter(kind: ProgramType) -> None:
    program = random_program(kind, 6, 3, seed=3)
    rng = np.random.default_rng(0)
    samples = rng.permutation(program.data.n)
    data = Dataset(program.data.X[samples], program.data.y[samples])
    packed = np.packbits(program.patterns.patterns[:, samples], axis=1)
    moved = kind(data, PatternSet(packed, program.patterns.gates, data.n), program.beta)
    shuffled = moved.patterns.subset(rng.permutation(program.patterns.n_patterns))
    assert_same(optimum(program), optimum(moved))
    assert_same(optimum(program), optimum(replace(moved, patterns=shuffled)))


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_rotating_the_features_keeps_the_optimum(kind: ProgramType) -> None:
    program = random_program(kind, 6, 3, seed=4)
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    X = program.data.X @ rotation
    turned = kind(Dataset(X, program.data.y), enumerate_patterns(X), program.beta)
    assert_same(optimum(program), optimum(turned))


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_value_of_zero_is_half_the_squared_labels(kind: ProgramType) -> None:
    program = random_program(kind, 6, 3, seed=5)
    zero = program.zero()
    assert program.value(zero) == 0.5 * float(program.data.y @ program.data.y)
    assert zero.active_blocks == 0
    assert program.max_cone_violation(zero) == 0.0


def test_a_split_point_with_one_side_has_the_value_of_the_gated_point() -> None:
    cones = random_program(relu_program, 6, 3, seed=6)
    gated = gated_program(cones.data, cones.patterns, cones.beta)
    w = np.random.default_rng(2).standard_normal((cones.patterns.n_patterns, 3))
    split = Blocks.of(w, np.zeros_like(w))
    assert cones.value(split) == pytest.approx(gated.value(Blocks.of(w)), rel=1e-14)
    assert split.active_blocks == Blocks.of(w).active_blocks == w.shape[0]


def test_the_violation_of_a_turned_gate_is_its_largest_cosine() -> None:
    data = Dataset(np.array([[2.0, 0.0], [0.0, 5.0], [0.0, 0.0]]), np.ones(3))
    patterns = enumerate_patterns(data.X)
    program = relu_program(data, patterns, 1.0)
    assert program.max_cone_violation(random_point(program, np.random.default_rng(0))) == 0.0
    u = np.zeros((patterns.n_patterns, 2))
    u[0] = -patterns.gates[0] * np.array([3.0, 4.0])
    cosines = np.abs(u[0]) / np.linalg.norm(u[0])
    found = program.max_cone_violation(Blocks.of(u, np.zeros_like(u)))
    assert found == pytest.approx(cosines.max(), rel=1e-14)


@pytest.mark.parametrize("beta", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_program_needs_a_positive_finite_beta(kind: ProgramType, beta: float) -> None:
    data = Dataset(np.eye(2), np.ones(2))
    with pytest.raises(ConfigurationError, match="positive, finite beta"):
        kind(data, enumerate_patterns(data.X), beta)


@pytest.mark.parametrize("X", [np.eye(3), np.ones((2, 3))])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_a_program_needs_patterns_of_its_own_data(kind: ProgramType, X: np.ndarray) -> None:
    data = Dataset(np.eye(2), np.ones(2))
    with pytest.raises(ConfigurationError, match="make the patterns from this data"):
        kind(data, enumerate_patterns(X), 1.0)


def test_a_row_whose_square_underflows_has_a_cone_all_the_same() -> None:
    X = np.array([[1.0, -0.5], [0.0, 1e-200]])
    program = relu_program(
        Dataset(X, np.array([1.0, 0.0])), pattern_set_from_gates(X, np.array([[1.0, 1.0]])), 0.1
    )
    outside = Blocks.of(np.array([[0.728, -0.364]]), np.zeros((1, 2)))
    assert program.max_cone_violation(outside) > 0.1
    with pytest.raises(ValueError, match="in its cones"):
        certify(program, outside)
