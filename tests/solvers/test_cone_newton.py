"""The solver of tall programs with cones against the square one, within their certified gaps."""

from dataclasses import replace

import numpy as np
import pytest
from instances import overlap
from solvers.tall_instances import KINDS, planted, relu

from relaxgap.certificates import beta_max, block_prices
from relaxgap.certificates.prices import near_cones
from relaxgap.certificates.prices.cones import bound_by_multipliers, price_exactly
from relaxgap.certificates.prices.near_cones import NearCones
from relaxgap.certificates.prices.row_multipliers import RowMultipliers, bound_by_row_multipliers
from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import OutOfTimeError
from relaxgap.patterns.pattern_set import PatternSet, pattern_set_from_gates
from relaxgap.problems import LOSSES, ConeBlocks, relu_program
from relaxgap.solvers import SemismoothNewton, Status
from relaxgap.solvers.newton.semismooth_newton import _WholeProgram
from relaxgap.solvers.tall.cone_newton import ConeNewton


def test_forbidden_blocks_stay_zero() -> None:
    program = relu(planted(600, 4, 3))
    allowed = np.random.default_rng(0).random((2, program.patterns.n_patterns)) < 0.5
    program = replace(program, family=ConeBlocks(allowed))
    found = ConeNewton(1e-7).solve(program)
    square = _WholeProgram(SemismoothNewton(1e-7)).solve(program)
    assert found.status is Status.SOLVED
    assert program.n_forbidden(found.point) == 0
    assert overlap(found.certificate, square.certificate)


@pytest.mark.parametrize("moment", [1, 5, 30, 150])
def test_a_deadline_at_any_moment_leaves_a_bracket_that_holds(
    moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = relu(planted(600, 4, 4), fraction=0.01)
    reference = ConeNewton(1e-6).solve(program).certificate
    left = [moment]

    def checkpoint() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OutOfTimeError

    for module in ("certificates.prices.near_cones", "solvers.tall.cone_model"):
        monkeypatch.setattr(f"relaxgap.{module}.checkpoint", checkpoint)
    late = ConeNewton(1e-6).solve(program)
    assert late.status is Status.TIME_LIMIT
    assert overlap(late.certificate, reference)


@pytest.mark.parametrize("kind", KINDS)
def test_prices_by_near_rows_are_those_by_all_rows(kind: object) -> None:
    data = kind(600, 5, 1)  # type: ignore[operator]
    program = relu(data)
    bounds = block_prices(program, data.y, 0.0).bounds
    exact = np.array(
        [
            [price_exactly(data.X, program.patterns, data.y, sign, i).price for i in range(4)]
            for sign in (1.0, -1.0)
        ]
    )
    assert np.all(bounds[:, :4] >= exact * (1.0 - 1e-9))
    largest = max(
        price_exactly(data.X, program.patterns, data.y, sign, i).price
        for sign in (1.0, -1.0)
        for i in range(program.patterns.n_patterns)
    )
    assert bounds.max() == pytest.approx(largest, rel=1e-8)
    assert beta_max(data, program.patterns) == pytest.approx(largest, rel=1e-8)


def test_multipliers_of_some_rows_bound_as_those_of_all_do() -> None:
    rng = np.random.default_rng(0)
    data, program = planted(50, 4, 0), relu(planted(50, 4, 0), n_gates=6)
    n_patterns = program.patterns.n_patterns
    rows = np.stack([rng.choice(50, 7, replace=False) for _ in range(2 * n_patterns)])
    values = rng.standard_normal((2 * n_patterns, 7)) * rng.choice([1e-3, 1.0], (2 * n_patterns, 1))
    dense = np.zeros((2 * n_patterns, 50))
    np.put_along_axis(dense, rows, np.maximum(values, 0.0), axis=1)
    shape = (2, n_patterns, -1)
    some = RowMultipliers(rows.reshape(shape), values.reshape(shape))
    found = bound_by_row_multipliers(data.X, program.patterns, data.y, some).bounds
    all_rows = bound_by_multipliers(data.X, program.patterns, data.y, dense.reshape(shape)).bounds
    np.testing.assert_allclose(found, all_rows, rtol=1e-12)


def test_rows_that_are_not_near_become_candidates_where_they_are_violated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(near_cones, "NEAR", 1)
    monkeypatch.setattr(near_cones, "CANDIDATES", 1)
    data = planted(400, 4, 0)
    program = relu(data, n_gates=5)
    cones, block = NearCones(data.X, program.patterns), np.array([2])
    for _ in range(200):
        u, _ = cones.project(2, data.X[0], 0.0)
        if not np.any(u) or not cones.violations(block, u[None]).size:
            break
    pattern = program.patterns.unpack(block)[0]
    slack = np.where(pattern, 1.0, -1.0) * (data.X @ u)
    assert slack.min() >= -1e-8 * np.linalg.norm(u)
    inside = cones.inside(block, u[None] - 1e-3 * data.X[:1], 1e-14)[0]
    assert np.all(np.where(pattern, 1.0, -1.0) * (data.X @ inside) >= -1e-12)


def test_a_gate_on_a_hyperplane_moves_no_block_far() -> None:
    X = np.tile([[1.0, 0.0], [0.0, 1.0]], (250, 1))
    cones = NearCones(X, pattern_set_from_gates(X, np.array([[1.0, 0.0]])))
    inside = cones.inside(np.array([0]), np.array([[1.0, -1e-12]]), 1e-14)
    np.testing.assert_allclose(inside, [[1.0, 0.0]], atol=1e-11)


@pytest.mark.parametrize("seed", [78, 90])
def test_integer_data_and_gates_on_its_hyperplanes_are_solved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(-1, 2, (500, 6)).astype(float)
    gates = rng.integers(-2, 3, (7, 6)).astype(float)
    fit = np.maximum(X @ rng.standard_normal(6), 0) - np.maximum(X @ rng.standard_normal(6), 0)
    data, loss = Dataset(X, np.where(fit > 0.0, 1.0, -1.0)), LOSSES["logistic"]
    patterns = pattern_set_from_gates(X, gates)
    program = relu_program(data, patterns, 0.03 * beta_max(data, patterns, loss=loss), loss=loss)
    found = SemismoothNewton(1e-6).solve(program)
    square = _WholeProgram(SemismoothNewton(1e-6)).solve(program)
    assert found.status is Status.SOLVED
    assert overlap(found.certificate, square.certificate)


def clustered(d: int, n_patterns: int, jitter: float, last: float) -> tuple[Dataset, PatternSet]:
    """Fill the near rows of all gates with rows that are almost parallel to each other."""
    rng = np.random.default_rng(0)
    gates = rng.standard_normal((n_patterns, d))
    gates /= np.linalg.norm(gates[:, :-1], axis=1, keepdims=True)
    gates[:, -1] = last
    filling = np.eye(d)[-1] + jitter * rng.standard_normal((300, d))
    X = np.vstack([filling, rng.standard_normal((300, d))])
    y = rng.standard_normal(600)
    y[:300] *= 0.01
    return Dataset(X, y), pattern_set_from_gates(X, gates)


def test_prices_are_exact_where_near_rows_are_all_alike() -> None:
    data, patterns = clustered(8, 40, 1e-5, 1e-3)
    exact = max(
        price_exactly(data.X, patterns, data.y, sign, i).price
        for sign in (1.0, -1.0)
        for i in range(patterns.n_patterns)
    )
    assert beta_max(data, patterns) == pytest.approx(exact, rel=1e-8)


def test_data_with_an_offset_keep_the_prices_and_the_solver_of_theirs() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 3)) + 1e7
    y = X[:, 0] - 1e7
    data = Dataset(X, y - y.mean())
    patterns = pattern_set_from_gates(X, np.ones((1, 3)))
    exact = max(price_exactly(X, patterns, data.y, sign, 0).price for sign in (1.0, -1.0))
    assert beta_max(data, patterns) == pytest.approx(exact, rel=1e-9)
    program = relu_program(data, patterns, 0.3 * exact)
    assert SemismoothNewton(1e-6).method(program) == "column_generation"


def test_rows_that_vanish_in_scaled_units_leave_a_bracket_that_holds() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 3))
    X[:300] *= 1e-290
    X[300:] *= 1e30
    data = Dataset(X, rng.standard_normal(600))
    patterns = pattern_set_from_gates(X, rng.standard_normal((5, 3)))
    program = relu_program(data, patterns, 0.1 * beta_max(data, patterns))
    found = SemismoothNewton(1e-4).solve(program)
    assert program.max_cone_violation(found.point) <= 1e-12
    assert 0.0 <= found.certificate.dual_value <= found.certificate.primal_value < np.inf


def test_where_the_square_system_does_not_fit_the_bracket_so_far_is_returned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relaxgap.solvers.newton.choice.machine_bytes", lambda: 1e6)
    monkeypatch.setattr("relaxgap.solvers.tall.rounds.MAX_IDLE_ROUNDS", -1)
    found = SemismoothNewton(1e-9).solve(relu(planted(600, 4, 5), fraction=0.01))
    assert found.status is Status.INACCURATE
    assert found.certificate.dual_value > 0.0
