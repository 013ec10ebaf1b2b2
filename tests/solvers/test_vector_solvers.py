"""Networks with several outputs: every way to a bracket, against formulas and each other."""

import time
from itertools import pairwise

import numpy as np
import pytest
from vector_programs import vector_program

from relaxgap.certificates.vector.cell_faces import CellFaces
from relaxgap.certificates.vector.cone_pca import ConePrices
from relaxgap.certificates.vector.duality import VectorBracket
from relaxgap.certificates.vector.price_forms import cell_forms, largest_price, lifted_form
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.patterns import PatternSet, enumerate_patterns, sample_patterns
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.base import Status
from relaxgap.solvers.bracketed import solutions
from relaxgap.solvers.vector.corrective import corrective_rounds
from relaxgap.solvers.vector.methods import METHODS, in_units, method_for, vector_rounds
from relaxgap.solvers.vector.nuclear import (
    NuclearBracket,
    nuclear_bracket,
    nuclear_norms,
    nuclear_rounds,
    shrunk_spectra,
)
from relaxgap.solvers.vector.polish import polish
from relaxgap.solvers.vector.row_lasso import row_lasso
from relaxgap.solvers.vector.semidefinite import solve_forms
from relaxgap.solvers.vector.soft_threshold import soft_threshold_network
from relaxgap.training.vector_descent import METHODS as TRAINING
from relaxgap.training.vector_descent import VectorDescent, losses, train


def exact(program: VectorProgram, prices: ConePrices, rtol: float = 1e-9) -> VectorBracket:
    *_, bracket = corrective_rounds(program, prices, rtol)
    return bracket


def relaxed(program: VectorProgram, patterns: PatternSet) -> VectorBracket:
    """Return what a doubly nonnegative matrix for each cell proves."""
    forms = cell_forms(program.data.X, patterns, CellFaces.of(program.data.X, patterns))
    point = solve_forms(program, forms, NEVER)
    assert point is not None
    price = largest_price(forms, program.spread(point.R), point.multipliers)
    return VectorBracket.unsolved(program).with_dual_point(program, point.R, price, "forms")


@pytest.mark.parametrize(
    ("n", "d", "q", "fraction"),
    [
        (5, 2, 2, 0.3),
        (6, 2, 3, 0.05),
        (8, 3, 2, 0.3),
        (8, 3, 2, 0.02),
        (7, 1, 2, 0.1),
        (4, 5, 2, 0.2),
    ],
)
def test_the_exact_bracket_closes(n: int, d: int, q: int, fraction: float) -> None:
    program, prices = vector_program(n, d, q, fraction)
    bracket = exact(program, prices)
    assert bracket.relative_gap <= 1e-8
    assert len(bracket.hidden) <= n * q + 1
    loss = program.value(bracket.hidden, bracket.output)
    assert bracket.dual_value <= loss <= bracket.primal_value


def test_brackets_lie_in_each_other() -> None:
    program, prices = vector_program(8, 3, 2, 0.05)
    first = VectorBracket.unsolved(program)
    found = list(solutions(first, corrective_rounds(program, prices, 1e-9), 1e-9, NEVER))
    assert [s.status for s in found[:-1]] == [Status.RUNNING] * (len(found) - 1)
    assert found[-1].status is Status.SOLVED
    for before, after in pairwise(found):
        assert before.certificate.dual_value <= after.certificate.dual_value
        assert after.certificate.primal_value <= before.certificate.primal_value


@pytest.mark.parametrize(("n", "q"), [(5, 2), (6, 3)])
@pytest.mark.parametrize("seed", range(2))
def test_in_the_plane_a_matrix_for_each_cell_is_exact(n: int, q: int, seed: int) -> None:
    program, prices = vector_program(n, 2, q, 0.1, seed)
    bracket, below = exact(program, prices), relaxed(program, prices.patterns)
    assert below.dual_value <= bracket.primal_value
    assert below.dual_value >= bracket.dual_value * (1.0 - 1e-6)


def test_of_four_samples_a_matrix_for_each_cell_is_exact() -> None:
    program, prices = vector_program(4, 4, 3, 0.1)
    below = relaxed(program, prices.patterns)
    assert below.dual_value >= exact(program, prices).dual_value * (1.0 - 1e-6)


def test_one_matrix_of_all_neurons_proves_less_than_one_for_each_cell() -> None:
    program, prices = vector_program(6, 3, 2, 0.1)
    form = lifted_form(program.data.X)
    point = solve_forms(program, [form], NEVER)
    assert point is not None
    price = form.price_bound(point.R, point.multipliers[0])
    below = VectorBracket.unsolved(program).with_dual_point(program, point.R, price, "lifted")
    assert 0.0 < below.dual_value <= relaxed(program, prices.patterns).dual_value * (1.0 + 1e-6)


def test_one_output_is_the_scalar_program() -> None:
    program, prices = vector_program(7, 3, 1, 0.05)
    import relaxgap

    data = program.data
    scalar = relaxgap.solve(data.X, data.Y[:, 0], beta=program.beta, rtol=1e-9)
    bracket = exact(program, prices)
    assert bracket.dual_value <= scalar.primal_value
    assert scalar.dual_value <= bracket.primal_value
    assert bracket.primal_value == pytest.approx(scalar.primal_value, rel=1e-8)


@pytest.mark.parametrize("kind", TRAINING)
def test_no_trained_network_falls_below_the_lower_bound(kind: str) -> None:
    rng = np.random.default_rng(1)
    for seed in range(3):
        program, prices = vector_program(6, 3, 2, 0.1, seed)
        bracket = exact(program, prices)
        plan = VectorDescent(kind, width=8, n_runs=20, n_steps=300)
        assert losses(program, *train(program, plan, rng)).min() >= bracket.dual_value


def test_thousands_of_random_networks_are_above_the_lower_bound() -> None:
    program, prices = vector_program(6, 3, 2, 0.1)
    bracket, rng = exact(program, prices), np.random.default_rng(0)
    for size in (1e-3, 0.1, 1.0):
        W = rng.standard_normal((1000, 4, 3)) * size
        V = rng.standard_normal((1000, 4, 2)) * size
        near = bracket.hidden[:4] + size * W[:, : len(bracket.hidden[:4])]
        assert losses(program, W, V).min() >= bracket.dual_value
        assert losses(program, near, V[:, : near.shape[1]]).min() >= bracket.dual_value


def one_hot(n: int, d: int, q: int) -> VectorProgram:
    """Return a problem of whitened rows and classes."""
    left, _, right = np.linalg.svd(
        np.random.default_rng(n).standard_normal((n, d)), full_matrices=False
    )
    labels = np.eye(q)[np.arange(n) % q]
    return VectorProgram(VectorDataset(left @ right, labels), 0.4)


def test_one_hot_labels_of_whitened_rows_have_the_soft_thresholded_optimum() -> None:
    program = one_hot(6, 8, 3)
    sizes = np.sqrt([2.0, 2.0, 2.0])
    beta = program.beta
    value = float(np.sum(np.where(sizes <= beta, sizes**2 / 2, beta * sizes - beta**2 / 2)))
    *_, solution = vector_rounds(program, None, "lifted", 1e-9, 0, NEVER)
    assert solution.status is Status.SOLVED
    assert solution.certificate.proven_by == "spectral"
    assert solution.certificate.primal_value == pytest.approx(value, rel=1e-12)
    cells = ConePrices.of(program.data.X, enumerate_patterns(program.data.X))
    bracket = exact(program, cells, 1e-7)
    assert bracket.dual_value <= solution.certificate.primal_value
    assert solution.certificate.dual_value <= bracket.primal_value


def test_the_soft_threshold_is_left_out_where_it_is_no_network() -> None:
    program = one_hot(6, 8, 3)
    noise = np.random.default_rng(0).standard_normal((6, 3))
    assert soft_threshold_network(VectorProgram(VectorDataset(program.data.X, noise), 0.4)) is None
    twice = VectorDataset(program.data.X * np.arange(1.0, 7.0)[:, None], program.data.Y)
    assert soft_threshold_network(VectorProgram(twice, 0.4)) is None
    assert soft_threshold_network(vector_program(6, 3, 2, 0.1)[0]) is None


def test_a_convolution_is_solved_exactly() -> None:
    program, prices = vector_program(5, 2, 1, 0.1, n_patches=2)
    assert prices.patterns.n_patterns == 20
    bracket = exact(program, prices)
    assert bracket.relative_gap <= 1e-8
    trained = losses(
        program, *train(program, VectorDescent(width=10, n_runs=30), np.random.default_rng(0))
    )
    assert bracket.dual_value <= trained.min() <= bracket.primal_value * 1.02


def test_a_patch_of_its_own_is_a_sample() -> None:
    program, _ = vector_program(6, 3, 2, 0.1)
    patched = VectorProgram(VectorDataset(program.data.X, program.data.Y), program.beta)
    assert patched.data.n_patches == 1
    np.testing.assert_array_equal(program.pooled(program.data.X), program.data.X)
    many, _ = vector_program(4, 2, 2, 0.1, n_patches=3)
    rows, R = np.random.default_rng(0).standard_normal((12, 5)), many.data.Y
    np.testing.assert_allclose(
        np.einsum("nk,nq->kq", many.pooled(rows), R), rows.T @ many.spread(R), rtol=1e-12
    )


@pytest.mark.reference
@pytest.mark.parametrize("n_patches", [1, 2])
def test_nuclear_norms_agree_with_a_conic_solver(n_patches: int) -> None:
    import cvxpy as cp

    program, _ = vector_program(6, 3, 2, 0.1, n_patches=n_patches)
    data = program.data
    patterns = sample_patterns(data.X, 6, np.random.default_rng(0))
    blocks = [cp.Variable((data.d, data.q)) for _ in range(patterns.n_patterns)]
    features = [program.pooled(bits[:, None] * data.X) for bits in patterns.patterns]
    fit = sum(A @ V for A, V in zip(features, blocks, strict=True))
    objective = 0.5 * cp.sum_squares(fit - data.Y)
    objective += program.beta * sum(cp.normNuc(V) for V in blocks)
    cp.Problem(cp.Minimize(objective)).solve(solver="CLARABEL")
    bracket = nuclear(program, patterns, 1e-8)
    assert bracket.relative_gap <= 1e-8
    assert bracket.dual_value <= objective.value * (1.0 + 1e-6)
    assert bracket.primal_value == pytest.approx(objective.value, rel=1e-5)


def nuclear(program: VectorProgram, patterns: PatternSet, rtol: float) -> NuclearBracket:
    zero = np.zeros((patterns.n_patterns, program.data.d, program.data.q))
    first = nuclear_bracket(program, patterns, zero, program.data.Y)
    *_, last = solutions(first, nuclear_rounds(program, patterns), rtol, NEVER)
    return last.certificate


def test_the_gated_program_over_all_cells_is_below_the_optimum() -> None:
    program, prices = vector_program(8, 3, 2, 0.1)
    gated = nuclear(program, prices.patterns, 1e-6)
    assert gated.relative_gap <= 1e-6
    assert gated.dual_value <= exact(program, prices).primal_value


def test_shrinking_spectra_shrinks_singular_values() -> None:
    V = np.random.default_rng(0).standard_normal((4, 2, 5))
    for block, shrunk in zip(V, shrunk_spectra(V, 0.5), strict=True):
        left, values, right = np.linalg.svd(block, full_matrices=False)
        np.testing.assert_allclose(shrunk, left @ np.diag(np.maximum(values - 0.5, 0)) @ right)
    np.testing.assert_allclose(nuclear_norms(V)[0], np.linalg.norm(V[0], "nuc"))
    assert not np.any(shrunk_spectra(V, 1e3))


def test_the_best_output_weights_have_a_small_gap() -> None:
    rng = np.random.default_rng(0)
    features, Y = np.maximum(rng.standard_normal((12, 20)), 0.0), rng.standard_normal((12, 2))
    V = row_lasso(features, Y, np.full(20, 0.5), np.zeros((20, 2)), 1e-8)
    R = Y - features @ V
    assert np.linalg.norm(features.T @ R, axis=1).max() <= 0.5 * (1.0 + 1e-3)
    assert 0 < np.count_nonzero(np.any(V != 0.0, axis=1)) < 20


def test_a_polish_never_raises_the_loss() -> None:
    rng = np.random.default_rng(0)
    program, _ = vector_program(8, 3, 2, 0.1)
    for _ in range(10):
        W, V = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
        assert program.value(*polish(program, W, V)) <= program.value(W, V)
    nothing = polish(program, np.zeros((2, 3)), np.ones((2, 2)))
    assert nothing[0].shape == (0, 3)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_leaves_a_bracket_at_once_and_at_its_deadline(method: str) -> None:
    program, prices = vector_program(9, 3, 2, 0.05)
    program = in_units(program)[0]
    bracket = exact(program, prices_of(program))
    for seconds in (0.0, 0.05, 0.5):
        deadline = Deadline.after(seconds)
        found = list(vector_rounds(program, prices.patterns, method, 1e-12, 0, deadline))
        for solution in found:
            assert solution.certificate.dual_value <= bracket.primal_value
            assert solution.certificate.primal_value >= bracket.dual_value
        assert found[-1].status is not Status.RUNNING
    assert time.monotonic() < deadline.end + 60.0


def prices_of(program: VectorProgram) -> ConePrices:
    return ConePrices.of(program.data.X, enumerate_patterns(program.data.X))


def test_a_method_that_does_not_fit_is_refused() -> None:
    program, prices = vector_program(5, 2, 2, 0.1)
    assert method_for(program, prices.patterns, None) == "cells"
    assert method_for(program, None, None) == "lifted"
    for patterns, asked in ((None, "cells"), (None, "doubly_nonnegative"), (None, "simplex")):
        with pytest.raises(ConfigurationError, match="Expected"):
            method_for(program, patterns, asked)
    large, _ = VectorProgram(VectorDataset(np.ones((200, 2)), np.ones((200, 2))), 1.0), None
    assert method_for(large, None, None) == "spectral"
    with pytest.raises(ConfigurationError, match="rows and columns"):
        method_for(large, None, "lifted")


def test_units_are_powers_of_two() -> None:
    program, _ = vector_program(5, 2, 2, 0.1)
    scaled, x_unit, y_unit = in_units(program)
    np.testing.assert_array_equal(scaled.data.X * x_unit, program.data.X)
    np.testing.assert_array_equal(scaled.data.Y * y_unit, program.data.Y)
    assert {np.frexp(x_unit)[0], np.frexp(y_unit)[0]} == {0.5}


def ring(n: int, fraction: float, seed: int) -> tuple[VectorProgram, ConePrices]:
    """Return rows around an axis and an output for each sample: no direction is singled out."""
    angles, height = 2.0 * np.pi * np.arange(n) / n, np.random.default_rng(seed).uniform(0.2, 2.0)
    X = np.column_stack([np.full(n, height), np.cos(angles), np.sin(angles)])
    program = VectorProgram(VectorDataset(X, np.eye(n)), 1.0)
    prices = prices_of(program)
    return VectorProgram(program.data, fraction * prices(program.data.Y, 0.0).largest), prices


@pytest.mark.parametrize(("n", "fraction"), [(5, 0.3), (6, 0.2), (7, 0.4)])
def test_equal_singular_values_hide_no_cell_and_cost_no_gap(n: int, fraction: float) -> None:
    program, prices = ring(n, fraction, n)
    assert exact(program, prices).relative_gap <= 1e-8


def test_a_matrix_for_each_cell_may_be_below_the_optimum() -> None:
    # found among the instances of vector_relaxation, of rank 3 with 7 samples and 5 outputs
    from relaxgap.data.gaussian import GaussianData
    from relaxgap.experiments.parts.cell import Cell
    from relaxgap.experiments.parts.outputs import Outputs, drawn
    from relaxgap.experiments.parts.vector_optimum import optimum_of

    cell = Cell(GaussianData(n=7, d=3, labels="noise"), None, seed=2)
    found = optimum_of(drawn(cell, Outputs(q=5)), 1e-8, 60.0, 0.05)
    forms = cell_forms(found.program.data.X, found.prices.patterns, found.prices.faces)
    point = solve_forms(found.program, forms, NEVER)
    assert point is not None
    # the value that the conic solver itself takes for the optimum of the relaxation
    assert point.value < 0.995 * found.bracket.dual_value
