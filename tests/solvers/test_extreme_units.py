"""Programs whose units leave few digits: offsets, columns and rows of other sizes, tiny beta."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from certificates.rational import certificate_holds, network_value
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems import Program, relu_program
from relaxgap.solvers import column_basis
from relaxgap.solvers.base import Status
from relaxgap.solvers.column_basis import ColumnBasis, spread
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton
from relaxgap.solvers.newton.working_set import WorkingSet

Matrix = Float64[np.ndarray, "n d"]


def matrix(seed: int = 2, n: int = 7, d: int = 3) -> Matrix:
    return np.random.default_rng(seed).standard_normal((n, d))


def program_over(X: Matrix, beta: float) -> Program:
    y = 2.0 * np.random.default_rng(5).standard_normal(X.shape[0])
    return relu_program(Dataset(X, y), enumerate_patterns(X), beta)


def relative_gap_of_an_exact_bracket(program: Program) -> float:
    solution = SemismoothNewton(1e-6).solve(program)
    assert certificate_holds(program, solution.certificate)
    value = network_value(program, solution.point)
    assert value <= Fraction(solution.certificate.primal_value) * (1 + Fraction(1, 10**12))
    return solution.certificate.relative_gap


def test_an_offset_of_a_million_in_every_entry_leaves_no_gap_to_speak_of() -> None:
    assert relative_gap_of_an_exact_bracket(program_over(matrix(2, 5, 2) + 1e6, 0.3)) < 1e-4


@pytest.mark.parametrize(("offset", "gap"), [(1e2, 1e-6), (1e4, 1e-6), (1e7, 1e-6), (1e8, 1e-4)])
def test_offsets_of_any_size_leave_the_gap_that_their_digits_allow(
    offset: float, gap: float
) -> None:
    assert relative_gap_of_an_exact_bracket(program_over(matrix(2, 5, 2) + offset, 0.3)) <= gap


@pytest.mark.slow
def test_almost_parallel_rows_hide_no_dear_block() -> None:
    rng = np.random.default_rng(0)
    X, y = 1e3 + rng.standard_normal((18, 5)), rng.standard_normal(18)
    # loose prices of the others ended this in round_limit, 14% apart
    found = SemismoothNewton(1e-3).solve(relu_program(Dataset(X, y), enumerate_patterns(X), 0.73))
    assert found.status is Status.SOLVED


@pytest.mark.slow
def test_a_million_beside_many_patterns_leaves_no_gap() -> None:
    rng = np.random.default_rng(0)
    X, y = 1e6 + rng.standard_normal((24, 3)), rng.standard_normal(24)
    solution = SemismoothNewton(1e-6).solve(relu_program(Dataset(X, y), enumerate_patterns(X), 0.5))
    assert solution.status is Status.SOLVED


def test_columns_are_factored_once_for_all_programs_of_their_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_calls = 0

    def counted(X: Matrix) -> float:
        nonlocal n_calls
        n_calls += 1
        return spread(X)

    monkeypatch.setattr(column_basis, "spread", counted)
    program = program_over(matrix(2, 5, 2), 0.3)
    for beta in (0.3, 0.2):
        SemismoothNewton(1e-6).solve(replace(program, beta=beta))
    assert n_calls == 1


def test_columns_in_other_units_leave_no_gap() -> None:
    X = matrix(2, 5, 3) * [1.0, 1e6, 1e-6]
    assert relative_gap_of_an_exact_bracket(program_over(X, 0.3)) <= 1e-6


def test_a_strength_below_all_digits_ends_in_a_true_bracket() -> None:
    relative_gap_of_an_exact_bracket(program_over(1e30 * matrix(3, 6, 2), 1e-12))


def test_rows_over_sixty_decades_end_in_a_true_bracket() -> None:
    X = matrix(4, 6, 2)
    X *= 10.0 ** np.array([-10.0, -45.0, 20.0, 14.0, 57.0, 22.0])[:, None]
    relative_gap_of_an_exact_bracket(program_over(X, 1.0))


def test_the_first_iterate_that_is_not_finite_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    n_rounds = 0

    def diverge(self: WorkingSet, gap: float, settle: bool) -> None:
        nonlocal n_rounds
        n_rounds += 1
        self.nu = np.full_like(self.nu, np.nan)

    monkeypatch.setattr(WorkingSet, "advance", diverge)
    program = program_over(matrix(), 0.1)
    solution = SemismoothNewton(1e-6).solve(program)
    assert n_rounds == 1
    assert solution.status is Status.INACCURATE
    assert certificate_holds(program, solution.certificate)


def test_a_basis_of_columns_keeps_preactivations_and_spans_what_is_more_than_rounding() -> None:
    X = matrix(1, 9, 4) + 1e7
    X[:, 3] = X[:, 0] + X[:, 1]
    basis = ColumnBasis.of(X, 1e-9)
    assert basis is not None
    assert basis.X.shape == (9, 3)
    v = matrix(0, 3, 2)
    np.testing.assert_allclose(X @ (basis.back @ v), basis.X @ v, atol=1e-7)


def test_columns_of_about_one_size_need_no_other_basis() -> None:
    X = matrix(0, 12, 4)
    assert ColumnBasis.of(X, 0.1) is None
    assert spread(X) < 10.0
    assert spread(np.zeros((3, 2))) == 1.0


def test_a_column_of_which_no_weight_has_a_square_is_left_out_of_the_basis() -> None:
    X = matrix(0, 6, 3) * [1.0, 1e-200, 1e6]
    assert spread(X) < 1e8
    basis = ColumnBasis.of(X, 1e-9)
    assert basis is not None
    assert basis.X.shape == (6, 2)
