"""Prices of neurons with several outputs: exact over cells, proven by forms, never too small."""

from dataclasses import replace

import numpy as np
import pytest
from vector_programs import vector_program

import relaxgap
from relaxgap.certificates.vector.cell_bounds import bounds_of_cell
from relaxgap.certificates.vector.cell_faces import CellFaces, predicted_faces
from relaxgap.certificates.vector.cone_pca import ConePrices
from relaxgap.certificates.vector.free_prices import free_prices
from relaxgap.certificates.vector.price_forms import cell_forms, lifted_form
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns import enumerate_patterns, sample_patterns
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.solvers.base import Status
from relaxgap.solvers.vector.given_cells import GivenCells
from relaxgap.solvers.vector.local_prices import LocalPrices
from relaxgap.solvers.vector.soft_threshold import spectral_price

SIZES = [(5, 2, 2), (8, 3, 2), (10, 4, 3), (4, 6, 2), (7, 1, 3), (9, 3, 5)]


def attained(X: np.ndarray, R: np.ndarray, u: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(np.maximum(u @ X.T, 0.0) @ R, axis=1))


@pytest.mark.parametrize(("n", "d", "q"), SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_the_price_over_all_cells_is_attained_and_that_of_no_neuron_is_larger(
    n: int, d: int, q: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X, R = rng.standard_normal((n, d)), rng.standard_normal((n, q))
    found = ConePrices.of(X, enumerate_patterns(X))(R, 0.0)
    best = found.best
    assert found.largest == pytest.approx(best.price[0], rel=1e-9)
    np.testing.assert_allclose(attained(X, R, best.u), best.price, rtol=1e-9)
    assert attained(X, R, _units(rng, 20_000, d)).max() <= found.largest
    program, _ = vector_program(n, d, q, 0.1, seed)
    climbed = LocalPrices(program, rng).ascend(R, rng.standard_normal((50, d)))[1]
    if n > 1 and X.shape == program.data.X.shape and np.array_equal(X, program.data.X):
        assert climbed.max() <= found.largest


def test_the_best_neuron_of_a_cell_is_in_its_cell() -> None:
    rng = np.random.default_rng(5)
    X, R = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
    patterns = enumerate_patterns(X)
    best = ConePrices.of(X, patterns)(R, 0.0).best
    sides = np.where(patterns.patterns[best.cell], 1.0, -1.0)
    assert len(best.cell) == patterns.n_patterns == len(set(best.cell.tolist()))
    assert (sides * (best.u @ X.T)).min() >= -1e-11


@pytest.mark.parametrize(
    "X",
    [
        np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
        np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0], [2.0, 2.0, 4.0]]),
        np.eye(3),
        np.array([[1e-30, 1.0], [1.0, 1e30], [1.0, -1.0]]),
    ],
    ids=["parallel rows", "rank two", "identity", "units"],
)
def test_degenerate_rows_have_prices_that_hold(X: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    patterns = enumerate_patterns(X)
    for _ in range(5):
        R = rng.standard_normal((len(X), 2))
        found = ConePrices.of(X, patterns)(R, 0.0)
        assert attained(X, R, _units(rng, 5000, X.shape[1])).max() <= found.largest


def test_a_price_below_the_threshold_is_bounded_without_its_faces() -> None:
    program, prices = vector_program(8, 3, 2, 0.5)
    exact, loose = prices(program.data.Y, 0.0), prices(program.data.Y, 1e9)
    free = free_prices(program.data.X, prices.patterns, program.data.Y)
    assert np.all(exact.bounds <= loose.bounds * (1.0 + 1e-12))
    np.testing.assert_allclose(loose.bounds, free, rtol=1e-12)
    assert loose.best.price.size == 0


@pytest.mark.parametrize(("n", "d"), [(6, 2), (9, 3), (8, 4), (3, 5)])
def test_a_cell_by_itself_has_the_bounds_that_a_list_of_all_cells_knows(n: int, d: int) -> None:
    X = np.random.default_rng(n).standard_normal((n, d))
    every = enumerate_patterns(X)
    listed, alone = CellFaces.of(X, every), CellFaces.of(X, replace(every, complete=False))
    for mine, theirs in zip(listed.inward, alone.inward, strict=True):
        assert set(mine.tolist()) == set(theirs.tolist())


def test_a_gate_on_a_hyperplane_makes_a_cell_all_the_same() -> None:
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [1.0, 1.0], [0.0, 0.0]])
    # nothing but the half line through the gate is in its cell
    prices = ConePrices.of(X, pattern_set_from_gates(X, np.array([[1.0, 0.0]])))
    spread = np.array([[1.0], [-2.0], [0.5], [0.3], [7.0]])
    found = prices(spread, 0.0)
    assert found.largest >= 1.3
    _, inside = GivenCells(X, prices.patterns).within(np.array([[0.0, 1.0], [2.0, 0.0]]))
    assert inside.tolist() == [False, True]
    moved, inside = GivenCells(X, prices.patterns).within(np.array([[3.0, 1e-12]]))
    assert inside.all()
    assert moved[0, 1] == 0.0


@pytest.mark.parametrize("gate", [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
@pytest.mark.parametrize("seed", range(3))
def test_cells_of_gates_on_hyperplanes_are_those_of_the_scalar_program(
    gate: list[float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    X = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [2.0, 2.0], [-1.0, -1.0], [0.0, 0.0]])
    y = rng.standard_normal(6)
    patterns = pattern_set_from_gates(X, np.array([gate, [1.0, -0.3]]))
    vector = relaxgap.solve(X, y, beta=0.05, patterns=patterns, program="vector")
    scalar = relaxgap.solve(X, y, beta=0.05, patterns=patterns)
    assert vector.status is scalar.status is Status.SOLVED
    assert vector.dual_value <= scalar.primal_value
    assert scalar.dual_value <= vector.primal_value


def test_a_row_that_hardly_tells_whether_it_follows_ends_the_search() -> None:
    X = np.random.default_rng(0).normal(size=(8, 2)) * 1e-7
    rows = np.column_stack([X, np.ones(8)])
    patterns = sample_patterns(rows, 3, np.random.default_rng(1))
    for bits, gate in zip(patterns.patterns, patterns.gates, strict=True):
        inward = unit_rows(np.where(bits, 1.0, -1.0)[:, None] * rows)
        assert len(bounds_of_cell(inward, gate)) <= 8


def test_cells_of_too_many_faces_are_refused() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 25))
    with pytest.raises(ConfigurationError, match="faces together"):
        CellFaces.of(X, sample_patterns(X, 2, rng))


@pytest.mark.parametrize(("n", "d", "most"), [(5, 2, 1.0), (8, 3, 1.5), (7, 4, 1.5), (4, 6, 1.0)])
def test_sets_of_bounds_are_at_least_as_many_as_the_faces_predicted(
    n: int, d: int, most: float
) -> None:
    X = np.random.default_rng(n).standard_normal((n, d))
    found, faces = CellFaces.of(X, enumerate_patterns(X)).n_faces, predicted_faces(X)
    assert faces <= found <= most * faces


@pytest.mark.parametrize("seed", range(4))
def test_any_multipliers_of_a_form_bound_the_price(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, R = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    patterns = enumerate_patterns(X)
    exact = ConePrices.of(X, patterns)(R, 0.0)
    largest = exact.best.price[0]
    lifted = lifted_form(X)
    for size in (0.0, 0.01, 1.0, 100.0):
        c = size * rng.standard_normal(lifted.free.size)
        assert lifted.price_bound(R, c) >= largest
        for cell, form in enumerate(cell_forms(X, patterns, CellFaces.of(X, patterns))):
            c = size * rng.standard_normal(form.free.size)
            of_cell = exact.best.price[exact.best.cell == cell]
            assert form.price_bound(R, c) >= of_cell.max(initial=0.0)
    broken = np.full(lifted.free.size, np.nan)
    assert np.isfinite(lifted.price_bound(R, broken))


def test_the_spectral_price_is_an_upper_bound_over_patches_too() -> None:
    program, prices = vector_program(4, 2, 2, 0.1, n_patches=3)
    R = program.data.Y
    assert prices(program.spread(R), 0.0).largest <= spectral_price(program, R)


def _units(rng: np.random.Generator, count: int, d: int) -> np.ndarray:
    u = rng.standard_normal((count, d))
    return np.asarray(u / np.linalg.norm(u, axis=1, keepdims=True))
