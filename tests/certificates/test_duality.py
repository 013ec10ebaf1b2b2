from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from instances import (
    PROGRAM_TYPES,
    Point,
    Program,
    ProgramType,
    degenerate_program,
    random_point,
    random_program,
)
from rational import certificate_holds, network_value

from relaxgap.certificates import (
    DualCertificate,
    beta_max,
    certify,
    feasible_dual,
    price_of_gates,
)
from relaxgap.data.dataset import Dataset
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems import Blocks, relu_program
from relaxgap.solvers import ColumnGeneration, ConicSolver


def any_points(program: Program, seed: int) -> list[Point]:
    rng = np.random.default_rng(seed)
    points: list[Point] = [program.zero()]
    points += [random_point(program, rng, size) for size in (1.0, 1e-9, 1e9)]
    for solver in (
        ConicSolver(),
        ConicSolver("scs", rtol=1e-2, max_iterations=5),
        ColumnGeneration(rtol=1e-2),
    ):
        points.append(solver.solve(program).point)
    if program.family.name == "relu":
        shape = program.zero().w[0].shape
        wrong = Blocks.of(*rng.standard_normal((2, *shape)))
        points.append(program.into_cones(wrong))
    return points


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_dual_point_is_feasible_and_its_value_reached_in_exact_arithmetic(
    kind: ProgramType, seed: int
) -> None:
    n, d = 1 + seed % 4, 1 + seed % 3
    for program in (
        degenerate_program(kind, seed, n, d),
        random_program(kind, n, d, seed, fraction=10.0 ** -(seed % 6)),
    ):
        certificates = [certify(program, point) for point in any_points(program, seed)]
        least = min(certificate.primal_value for certificate in certificates)
        for certificate in certificates:
            assert certificate.dual_value <= least
            assert certificate_holds(program, certificate)


@pytest.mark.parametrize("seed", range(12))
def test_the_primal_value_is_above_the_exact_loss_of_the_mapped_network(seed: int) -> None:
    program = degenerate_program(relu_program, seed)
    for point in any_points(program, seed):
        certificate = certify(program, point)
        exact = network_value(program, point)
        assert exact <= Fraction(certificate.primal_value) * (1 + Fraction(1, 10**14))


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_any_dual_candidate_leaves_the_certificate_valid_and_none_worse(kind: ProgramType) -> None:
    program = random_program(kind, 4, 2, seed=1, fraction=0.01)
    point = random_point(program, np.random.default_rng(0))
    alone = certify(program, point)
    best = ConicSolver(rtol=1e-9).solve(program).certificate
    rng = np.random.default_rng(1)
    for candidate in (
        1e8 * best.nu,
        rng.standard_normal(4),
        -best.nu,
        np.zeros(4),
        np.full(4, np.nan),
        1e150 * program.data.y,
    ):
        found = certify(program, point, candidate)
        assert found.dual_value >= alone.dual_value
        assert found.dual_value <= best.primal_value
        assert certificate_holds(program, found)
    assert certify(program, point, 1e8 * best.nu).dual_value == pytest.approx(best.dual_value)


@pytest.mark.parametrize("size", [1e-60, 1e-45, 1e59])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_the_bracket_holds_at_the_ends_of_double_precision(kind: ProgramType, size: float) -> None:
    X, y = np.array([[1.0, 2.0], [2.0, -1.0]]), np.array([1.0, -1.0])
    unit = kind(Dataset(X, y), enumerate_patterns(X), 0.1)
    extreme = kind(Dataset(size * X, size * y), unit.patterns, 0.1 * size * size)
    exact = ConicSolver(rtol=1e-9).solve(unit).certificate
    found = certify(extreme, extreme.zero())
    assert found.dual_value / size / size <= exact.primal_value


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_zero_is_certified_optimal_at_beta_max(kind: ProgramType) -> None:
    for seed in range(8):
        program = degenerate_program(kind, seed)
        unit = beta_max(program.data, program.patterns, kind)
        at = replace(program, beta=max(unit, 1e-300))
        assert certify(at, at.zero()).relative_gap <= 1e-12


def test_beta_max_with_cones_is_the_largest_exact_projection() -> None:
    # e_1 alone gives 1, e_2 alone -2, and no direction does better than a label of one sign
    data = Dataset(np.eye(3), np.array([3.0, 4.0, -2.0]))
    patterns = enumerate_patterns(data.X)
    assert beta_max(data, patterns) == pytest.approx(5.0, rel=1e-9)
    assert beta_max(data, patterns, PROGRAM_TYPES[1]) == pytest.approx(np.sqrt(29.0), rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_beta_max_with_cones_is_at_least_the_price_of_a_gate_and_at_most_that_without(
    seed: int,
) -> None:
    program = random_program(relu_program, 6, 3, seed)
    cones, gated = (beta_max(program.data, program.patterns, kind) for kind in PROGRAM_TYPES)
    assert 0.0 < price_of_gates(program.data, program.patterns) <= cones
    assert cones <= gated * (1.0 + 1e-9)


def test_a_feasible_dual_point_is_scaled_to_its_best_multiple() -> None:
    y = np.array([3.0, 4.0])
    nu, value = feasible_dual(y, 10.0 * y, largest_price=0.0, beta=1.0)
    np.testing.assert_allclose(nu, y, rtol=1e-14)
    assert 12.5 * (1.0 - 1e-12) <= value <= 12.5


@pytest.mark.parametrize("nu0", [np.zeros(2), np.array([-3.0, -4.0]), np.array([4.0, -3.0])])
def test_a_dual_point_that_does_not_correlate_with_the_labels_bounds_by_zero(
    nu0: np.ndarray,
) -> None:
    nu, value = feasible_dual(np.array([3.0, 4.0]), nu0, largest_price=1.0, beta=1.0)
    assert value == 0.0
    assert np.array_equal(nu, np.zeros(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_point_that_diverged_is_refused(kind: ProgramType, bad: float) -> None:
    program = random_program(kind, 4, 2, seed=1)
    point = program.zero()
    point.w[0, 0] = bad
    with pytest.raises(ValueError, match="finite point"):
        certify(program, point)


def test_a_point_outside_its_cones_is_refused() -> None:
    program = random_program(relu_program, 4, 2, seed=1)
    u = -program.patterns.gates
    with pytest.raises(ValueError, match=r"project it with program\.into_cones"):
        certify(program, Blocks.of(u, np.zeros_like(u)))


def test_gaps_are_differences_of_the_bracket() -> None:
    certificate = DualCertificate(np.zeros(1), primal_value=4.0, dual_value=3.0)
    assert certificate.duality_gap == 1.0
    assert certificate.relative_gap == 0.25
    assert DualCertificate(np.zeros(1), 0.0, 0.0).relative_gap == 0.0


def test_labels_that_no_network_fits_have_a_gap_that_is_reported_not_hidden() -> None:
    data = Dataset(np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([1.0, -1.0]))
    program = relu_program(data, enumerate_patterns(data.X), 1e-14)
    certificate = ColumnGeneration().solve(program).certificate
    assert certificate.dual_value <= 1.0 <= certificate.primal_value


@pytest.mark.parametrize("price", [np.nan, np.inf])
def test_a_price_that_is_no_number_proves_nothing(price: float) -> None:
    y = np.array([1.0, -2.0])
    nu, dual_value = feasible_dual(y, y, price, 0.1)
    assert dual_value == 0.0
    assert not np.any(nu)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_multipliers_of_any_kind_never_raise_the_bound_over_the_optimum(bad: float) -> None:
    program = random_program(relu_program, 5, 3, seed=3, fraction=0.01)
    optimum = ConicSolver(rtol=1e-8).solve(program).certificate.primal_value
    multipliers = np.full((2, program.patterns.n_patterns, 5), bad)
    with np.errstate(all="ignore"):
        found = certify(program, program.zero(), program.data.y, multipliers)
    assert 0.0 <= found.dual_value <= optimum
