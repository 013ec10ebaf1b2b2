"""Brackets of logistic and hinge: against programs written out for a conic solver, and attacked."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from decimal_losses import entropy
from instances import PROGRAM_TYPES, ProgramType, degenerate_program, random_point, random_program
from rational import constraint_holds

from relaxgap.certificates import DualCertificate, beta_max, certify
from relaxgap.data.dataset import Dataset
from relaxgap.problems import LOSSES, Program
from relaxgap.problems.losses import HINGE, LOGISTIC, Loss
from relaxgap.solvers import SemismoothNewton, Solution, Status

KINDS = pytest.mark.parametrize("kind", PROGRAM_TYPES)
BOTH = pytest.mark.parametrize("loss", [LOGISTIC, HINGE], ids=["logistic", "hinge"])


def of_classes(program: Program, loss: Loss, seed: int, fraction: float) -> Program:
    """The same data and patterns with random classes; one class alone for every fifth seed."""
    rng = np.random.default_rng(seed)
    y = np.ones(program.data.n) if seed % 5 == 4 else rng.choice([-1.0, 1.0], program.data.n)
    data = Dataset(program.data.X, y)
    kind = PROGRAM_TYPES[program.family.name == "gated"]
    unit = beta_max(data, program.patterns, kind, loss)
    return replace(program, data=data, loss=loss, beta=fraction * unit if unit > 0.0 else 1.0)


def written_out(program: Program) -> float:
    """Solve a program from its definition, without anything of the package's solvers."""
    import cvxpy as cp

    X, y = program.data.X, program.data.y
    fit, penalty, constraints = 0.0, 0.0, []
    for pattern in program.patterns.patterns:
        for sign in program.family.signs:
            w = cp.Variable(X.shape[1])
            fit = fit + sign * cp.multiply(pattern.astype(np.float64), X @ w)
            penalty = penalty + cp.norm(w)
            if program.family.name == "relu":
                constraints.append(cp.multiply(np.where(pattern, 1.0, -1.0), X @ w) >= 0.0)
    margins = cp.multiply(y, fit)
    loss = {
        "squared": 0.5 * cp.sum_squares(fit - y),
        "logistic": cp.sum(cp.logistic(-margins)),
        "hinge": cp.sum(cp.pos(1.0 - margins)),
    }[program.loss.name]
    problem = cp.Problem(cp.Minimize(loss + program.beta * penalty), constraints)
    problem.solve(solver="CLARABEL", tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    return float(problem.value)


@pytest.mark.reference
@pytest.mark.parametrize("seed", range(2))
@KINDS
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_brackets_hold_what_an_independent_conic_solver_finds(
    loss: Loss, kind: ProgramType, seed: int
) -> None:
    base = random_program(kind, 7, 3, seed, n_gates=4)
    for fraction in (0.03, 0.5)[seed % 2 :]:
        program = of_classes(base, loss, seed, fraction)
        found = SemismoothNewton(1e-7).solve(program).certificate
        value = written_out(program)
        assert found.relative_gap <= 1e-7
        # Clarabel's own accuracy, at which its value may lie outside
        assert found.dual_value - 1e-7 * value <= value <= found.primal_value + 1e-7 * value


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 9])
@KINDS
@BOTH
def test_any_point_and_any_candidate_get_a_bracket_that_holds(
    loss: Loss, kind: ProgramType, seed: int
) -> None:
    program = of_classes(degenerate_program(kind, seed), loss, seed, 10.0 ** -(seed % 5))
    rng, n = np.random.default_rng(seed), program.data.n
    best = SemismoothNewton(1e-3).solve(program).certificate
    y = program.data.y
    candidates = (
        rng.standard_normal(n),
        1e200 * y * rng.random(n),
        y * rng.choice([0.0, 1.0, 1e-300, 1.0 - 1e-16], n),
        y * (rng.random(n) - 1e-9),
        -y,
        0.0 * y,
        np.full(n, np.nan),
    )
    for candidate in candidates:
        point = random_point(program, rng, 10.0 ** rng.uniform(-9.0, 3.0))
        found = certify(program, point, candidate)
        assert 0.0 <= found.dual_value <= best.primal_value
        assert best.dual_value <= found.primal_value
        assert dual_value_is_reached(loss, found.nu, y, found.dual_value)
        for i, pattern in enumerate(program.patterns.patterns[:4]):
            assert constraint_holds(program, found.nu, pattern, 1 - 2 * (i % 2))


def dual_value_is_reached(loss: Loss, nu: np.ndarray, y: np.ndarray, claimed: float) -> bool:
    """Whether shares lie in [0, 1] and the dual value, to 190 digits, is at least the claim."""
    shares = [Fraction(float(a)) * Fraction(float(b)) for a, b in zip(nu, y, strict=True)]
    if not all(0 <= share <= 1 for share in shares):
        return False
    if loss is HINGE:
        return Fraction(claimed) <= sum(shares)
    return Decimal(claimed) <= sum((entropy(share) for share in shares), Decimal(0))


@KINDS
@BOTH
def test_zero_is_optimal_from_beta_max_on_and_not_below(loss: Loss, kind: ProgramType) -> None:
    base = random_program(kind, 8, 3, 0, n_gates=10)
    at, below = (of_classes(base, loss, 0, fraction) for fraction in (1.0, 0.98))
    zero = certify(at, at.zero())
    n_log_2 = 8.0 * (np.log(2.0) if loss is LOGISTIC else 1.0)
    assert zero.relative_gap <= 1e-12
    assert zero.primal_value == pytest.approx(n_log_2, rel=1e-12)
    assert SemismoothNewton(1e-4).solve(below).point.active_blocks > 0


@pytest.mark.parametrize("seed", [5])
@KINDS
def test_newton_closes_the_gap_of_the_logistic_loss_on_degenerate_data(
    kind: ProgramType, seed: int
) -> None:
    program = of_classes(degenerate_program(kind, seed), LOGISTIC, seed, 1e-4)
    solution = SemismoothNewton(1e-7).solve(program)
    assert solution.certificate.relative_gap <= 1e-7
    # from a certificate whose dual point is zero, at the edge of the domain
    worse = replace(solution.certificate, nu=0.0 * program.data.y, dual_value=0.0)
    again = SemismoothNewton(1e-7).solve(program, replace(solution, certificate=worse))
    assert again.certificate.relative_gap <= 1e-7


@KINDS
def test_newton_leaves_the_edge_of_the_domain_where_a_start_lies_on_it(kind: ProgramType) -> None:
    program = of_classes(random_program(kind, 12, 3, 0, n_gates=8), LOGISTIC, 0, 0.2)
    for share in (1e-100, 1e-12, 1.0 - 4e-16):
        nu = share * program.data.y
        start = Solution(program.zero(), Status.RUNNING, DualCertificate(nu, np.inf, 0.0), 0)
        assert SemismoothNewton(1e-7).solve(program, start).certificate.relative_gap <= 1e-7


def test_a_loss_with_kinks_is_solved_by_columns_and_says_so() -> None:
    program = of_classes(random_program(PROGRAM_TYPES[0], 6, 3, 0), HINGE, 0, 0.1)
    assert SemismoothNewton().method(program) == "column_generation"
