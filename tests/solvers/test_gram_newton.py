"""The solver of tall gated programs against the square one, within their certified gaps."""

from dataclasses import replace

import numpy as np
import pytest
from instances import overlap
from solvers.tall_instances import KINDS, planted, two_classes

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import Deadline, OutOfTimeError
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import LOSSES, Blocks, Program, gated_program, relu_program
from relaxgap.solvers import SemismoothNewton, Status
from relaxgap.solvers.newton.semismooth_newton import _WholeProgram
from relaxgap.solvers.tall import gram_newton, sample_gram
from relaxgap.solvers.tall.gram_newton import GramNewton
from relaxgap.solvers.tall.group_lasso import _secular, accelerated, swept
from relaxgap.solvers.tall.row_passes import HessianProducts, Rows
from relaxgap.solvers.tall.sample_gram import SampleGram


def gated(data: Dataset, n_gates: int = 30, fraction: float = 0.05) -> Program:
    gates = np.random.default_rng(7).standard_normal((n_gates, data.d))
    patterns = pattern_set_from_gates(data.X, gates)
    return gated_program(data, patterns, fraction * beta_max(data, patterns, gated_program))


@pytest.mark.parametrize("fraction", [0.3, 0.01])
@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_the_square_solver(kind: object, fraction: float) -> None:
    program = gated(kind(300, 5, 0), fraction=fraction)  # type: ignore[operator]
    found = GramNewton(1e-7).solve(program)
    square = _WholeProgram(SemismoothNewton(1e-7)).solve(program)
    assert found.status is Status.SOLVED
    assert found.certificate.relative_gap <= 1e-7
    assert overlap(found.certificate, square.certificate)


@pytest.mark.parametrize("fraction", [0.3, 0.03])
@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_the_square_solver_on_classes(kind: object, fraction: float) -> None:
    program = gated(two_classes(kind(300, 5, 0)), fraction=fraction)  # type: ignore[operator]
    program = replace(program, loss=LOSSES["logistic"], beta=0.5 * program.beta)
    found = GramNewton(1e-6).solve(program)
    square = _WholeProgram(SemismoothNewton(1e-7)).solve(program)
    assert found.status is Status.SOLVED
    assert overlap(found.certificate, square.certificate)


def test_a_sample_of_the_rows_leads_to_the_optimum_over_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relaxgap.solvers.tall.gram_newton.MIN_SAMPLE", 100)
    monkeypatch.setattr("relaxgap.solvers.tall.gram_newton.MAX_SAMPLED_BLOCKS", 10)
    monkeypatch.setattr("relaxgap.solvers.tall.row_passes.CHUNK", 64)
    monkeypatch.setattr("relaxgap.solvers.tall.row_passes.MAX_UNPACKED", 0)
    program = gated(planted(1001, 4, 1))
    found = GramNewton(1e-7).solve(program)
    assert found.status is Status.SOLVED
    square = _WholeProgram(SemismoothNewton(1e-7)).solve(program)
    assert overlap(found.certificate, square.certificate)


def test_the_default_solver_takes_it_where_rows_are_many_and_says_so() -> None:
    solver = SemismoothNewton(1e-5)
    tall, square = gated(planted(600, 3, 0)), gated(planted(60, 30, 0))
    assert solver.method(tall) == "gram_newton"
    assert solver.method(square) == "semismooth_newton"
    assert solver.method(relu_program(tall.data, tall.patterns, tall.beta)) != "gram_newton"
    found = solver.solve(tall)
    assert found.status is Status.SOLVED
    path = list(solver.solve_path(tall, [2.0 * tall.beta, tall.beta]))
    assert [point.status for point in path] == [Status.SOLVED] * 2
    assert overlap(path[1].certificate, found.certificate)


def test_a_start_at_the_optimum_is_kept() -> None:
    program = gated(planted(400, 3, 2))
    first = GramNewton(1e-6).solve(program)
    again = GramNewton(1e-6).solve(program, first)
    assert again.n_iterations == 0
    assert overlap(first.certificate, again.certificate)


def test_labels_of_zero_and_a_large_beta_give_zero() -> None:
    program = gated(planted(400, 3, 2))
    nothing = replace(program, data=Dataset(program.data.X, 0.0 * program.data.y))
    above = replace(program, beta=1.01 * program.beta / 0.05)
    for easy in (nothing, above):
        found = GramNewton(1e-6).solve(easy)
        assert found.status is Status.SOLVED
        assert found.point.active_blocks == 0


def test_a_passed_deadline_leaves_a_bracket_that_holds() -> None:
    program = gated(planted(400, 3, 2))
    late = GramNewton(1e-6).solve(program, deadline=Deadline(-np.inf))
    assert late.status is Status.TIME_LIMIT
    assert overlap(late.certificate, GramNewton(1e-6).solve(program).certificate)


def test_cones_are_refused_in_one_sentence() -> None:
    program = gated(planted(400, 3, 2))
    cones = relu_program(program.data, program.patterns, program.beta)
    with pytest.raises(ConfigurationError, match="solver gram_newton, got relu and squared"):
        GramNewton(1e-6).solve(cones)


def dense(program: Program) -> np.ndarray:
    return np.concatenate([bits[:, None] * program.data.X for bits in program.patterns.patterns], 1)


def test_gram_and_hessian_products_are_those_of_the_dense_matrix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample_gram, "CHUNK_ENTRIES", 50)
    program = gated(planted(37, 3, 0), 6)
    rows = Rows.of(program)
    gram = SampleGram(rows, 0.5)
    for blocks in ([4, 0], [1, 5, 2]):
        gram.add(np.array(blocks))
    F = dense(program).reshape(37, -1, 3)[:, [4, 0, 1, 5, 2]].reshape(37, -1)
    np.testing.assert_allclose(gram.matrix, 0.5 * F.T @ F, rtol=1e-5, atol=1e-5)
    some = np.array([3, 1])
    F2 = F.reshape(37, -1, 3)[:, some].reshape(37, -1)
    np.testing.assert_allclose(gram.among(some), 0.5 * F2.T @ F2, rtol=1e-5, atol=1e-5)
    rng = np.random.default_rng(0)
    v, curvature = rng.standard_normal((2, 3)), rng.random(37)
    product = HessianProducts(rows, gram.blocks[some], curvature).times(v)
    weighted = F2.T @ (curvature[:, None] * F2)
    np.testing.assert_allclose(product.ravel(), weighted @ v.ravel(), rtol=1e-5, atol=1e-5)


def test_sampled_rows_keep_their_bits_and_weight() -> None:
    program = gated(planted(61, 3, 0), 5)
    rows = Rows.of(program)
    sample = rows.sample(21, np.random.default_rng(0))
    places = [int(np.flatnonzero(np.all(x == program.data.X, axis=1))[0]) for x in sample.X]
    bits = sample.bits(slice(None), slice(0, 21), np.float64)
    assert np.array_equal(bits, program.patterns.patterns[:, places])
    assert np.array_equal(sample.y, program.data.y[places])
    assert sample.weight == 61 / 21


def test_the_model_is_minimised_by_either_way() -> None:
    rng = np.random.default_rng(0)
    F, b = rng.standard_normal((40, 12)), rng.standard_normal((4, 3))
    G = (F.T @ F).astype(np.float32)
    zero = np.zeros((4, 3))
    fast, exact = accelerated(G, b, 0.5, zero, 1e-5, 2000), swept(G, b, 0.5, zero, 200)
    np.testing.assert_allclose(fast, exact, atol=1e-4)
    slope = b - (G @ exact.ravel()).reshape(4, 3)
    for block, price in zip(exact, np.linalg.norm(slope, axis=1), strict=True):
        assert price <= 0.5 * (1.0 + 1e-4)
        assert np.all(block == 0.0) or price >= 0.5 * (1.0 - 1e-4)


@pytest.mark.parametrize("values", [[1.0, 2.0], [1e-9, 1.0], [0.0, 3.0]])
def test_the_secular_equation_is_solved(values: list[float]) -> None:
    c, beta = np.array([0.4, 2.0]), 0.7
    v = _secular(np.array(values), c, beta)
    np.testing.assert_allclose(values * v + beta * v / np.linalg.norm(v), c, rtol=1e-9)


def heavy_tailed(n: int, seed: int) -> Dataset:
    data = planted(n, 3, seed)
    return Dataset(np.random.default_rng(seed).standard_cauchy(data.X.shape), data.y)


@pytest.mark.parametrize("seed", range(3))
def test_where_gram_matrices_get_stuck_the_square_system_goes_on(seed: int) -> None:
    program = gated(heavy_tailed(600, seed), fraction=1e-3)
    assert GramNewton.suits(program)
    assert SemismoothNewton(1e-4).solve(program).status is Status.SOLVED


def test_a_start_of_more_blocks_than_join_at_once_is_taken_whole() -> None:
    program = gated(planted(700, 3, 0), 80, 0.01)
    w = np.random.default_rng(0).standard_normal(program.shape)
    start = replace(GramNewton(1e-2).solve(program), point=Blocks(1e-3 * w))
    assert GramNewton(1e-6).solve(program, start).status is Status.SOLVED
    far = replace(start, point=Blocks(1e30 * w))
    assert GramNewton(1e-6).solve(program, far).status is Status.SOLVED


def test_a_price_of_beta_and_nothing_to_do_leaves_zero() -> None:
    program = gated(planted(600, 2, 0))
    nothing = replace(program, beta=program.beta / 0.05 / (1.0 + 1e-9))
    found = GramNewton(1e-12).solve(nothing)
    assert found.point.active_blocks == 0


def test_a_deadline_on_the_way_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    program, calls = gated(planted(900, 4, 1)), 0
    newton = gram_newton._by_newton

    def late(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OutOfTimeError
        return newton(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(gram_newton, "_by_newton", late)
    found = GramNewton(1e-12).solve(program)
    assert found.status is Status.TIME_LIMIT
    assert found.certificate.relative_gap < 0.5
