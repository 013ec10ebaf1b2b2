"""The solver of tall gated programs against the square one, within their certified gaps."""

from dataclasses import replace

import numpy as np
import pytest
from solvers.tall_instances import gated, planted

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import OutOfTimeError
from relaxgap.problems import Blocks, Program
from relaxgap.solvers import SemismoothNewton, Status
from relaxgap.solvers.tall import gram_newton, sample_gram
from relaxgap.solvers.tall.curved_sample import CurvedSample, _chances
from relaxgap.solvers.tall.gram_newton import GramNewton
from relaxgap.solvers.tall.group_lasso import _secular, accelerated, swept
from relaxgap.solvers.tall.row_passes import HessianProducts, Rows
from relaxgap.solvers.tall.sample_gram import SampleGram


def dense(program: Program) -> np.ndarray:
    return np.concatenate([bits[:, None] * program.data.X for bits in program.patterns.patterns], 1)


def test_gram_and_hessian_products_are_those_of_the_dense_matrix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sample_gram, "CHUNK_ENTRIES", 50)
    program = gated(planted(37, 3, 0), 6)
    rows = Rows.of(program)
    largest = np.full(37, 0.5)
    gram = SampleGram(CurvedSample(rows, np.ones(37), largest, largest))
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


def test_rows_are_drawn_where_the_loss_is_curved_and_stand_for_all() -> None:
    rng = np.random.default_rng(0)
    curvature = np.concatenate([np.full(5, 100.0), rng.random(400), np.zeros(100)])
    chances = _chances(curvature, 50)
    assert np.all(chances[:5] == 1.0)
    assert np.all(chances[405:] == 0.0)
    np.testing.assert_allclose(chances.sum(), 50.0)
    np.testing.assert_allclose(chances[5:405], 45.0 * curvature[5:405] / curvature[5:405].sum())
    rows = Rows.of(gated(planted(505, 3, 0), 4))
    sample = CurvedSample.where_curved(rows, 200, curvature, 0.01, rng)
    total = float((sample.counts * sample.curvature).sum())
    np.testing.assert_allclose(total, 1.01 * curvature.sum(), rtol=0.05)
    assert not sample.is_stale(1.4 * curvature, 0.5)
    assert sample.is_stale(1.6 * curvature, 0.5)
    few = CurvedSample.where_curved(rows, 505, curvature, 0.01, rng)
    assert np.all(few.counts == 1.0)


def test_rows_that_are_all_but_straight_take_no_part_in_products() -> None:
    rows, rng = Rows.of(gated(planted(61, 3, 0), 5)), np.random.default_rng(0)
    curvature = np.where(np.arange(61) % 3 == 0, rng.random(61), 1e-12)
    blocks, v = np.array([3, 1]), rng.standard_normal((2, 3))
    products = HessianProducts(rows, blocks, curvature)
    assert products.rows.n == 21
    F = (rows.bits(blocks, slice(0, 61), np.float64)[:, :, None] * rows.X).transpose(1, 0, 2)
    F = F.reshape(61, 6)
    expected = F.T @ (curvature * (F @ v.ravel()))
    np.testing.assert_allclose(products.times(v).ravel(), expected, rtol=1e-5, atol=1e-6)


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
