"""Prices of three-layer sub-networks: exact over all pieces, attained, and never too small."""

from itertools import product

import numpy as np
import pytest
from three_layer_programs import three_layer_program

from relaxgap.certificates.three_layer.pieces import sign_classes
from relaxgap.certificates.three_layer.prices import SelectionPrices, spectral_price
from relaxgap.certificates.three_layer.selections import Selections
from relaxgap.certificates.three_layer.shortest import shortened
from relaxgap.certificates.three_layer.weighted_rows import WeightedRows
from relaxgap.data.dataset import Dataset
from relaxgap.problems.three_layer import FROBENIUS, NORMALISATIONS, ThreeLayerProgram
from relaxgap.solvers.three_layer.local_gains import ascended

BOTH = pytest.mark.parametrize("normalisation", NORMALISATIONS)
DEGENERATE = {
    "parallel rows": np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]),
    "repeated rows": np.array([[1.0, 2.0], [1.0, 2.0], [-1.0, 0.5], [-1.0, 0.5]]),
    "a tiny column": np.array([[1.0, 1e-12], [1.0, -2e-12], [-1.0, 1e-12], [0.5, 3e-12]]),
    "rank one": np.outer([1.0, -2.0, 0.5, 3.0, -1.0], [1.0, 1.0, -1.0]),
    "wide": np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 1.0, -1.0]]),
}


def of_cost_one(z: np.ndarray, normalisation: str) -> np.ndarray:
    lengths = np.linalg.norm(z, axis=2)
    total = lengths.sum(axis=1) if normalisation == FROBENIUS else np.linalg.norm(lengths, axis=1)
    return np.asarray(z / total[:, None, None])


def attained(program: ThreeLayerProgram, nu: np.ndarray, z: np.ndarray) -> float:
    """Return the largest price of neurons, with all signs behind them."""
    every = [np.array(signs) for signs in product((1.0, -1.0), repeat=program.width)]
    gains = [program.features(z, np.tile(signs, (len(z), 1))).T @ nu for signs in every]
    return float(np.abs(gains).max())


@pytest.mark.parametrize("width", [1, 2, 3])
def test_the_pieces_make_the_feature_and_its_negative(width: int) -> None:
    rng = np.random.default_rng(width)
    for signs in sign_classes(width, FROBENIUS):
        along = rng.standard_normal((500, signs.m))
        feature = np.maximum(np.maximum(along, 0.0) @ signs.signs, 0.0)
        for pieces, expected in ((signs.positive, feature), (signs.negative, -feature)):
            least = np.einsum("ovm,nm->nov", pieces, along).min(axis=2)
            np.testing.assert_allclose(least.max(axis=1), expected, atol=1e-14)


@BOTH
@pytest.mark.parametrize(("n", "d", "width"), [(5, 2, 1), (6, 2, 2), (5, 3, 2), (4, 2, 3)])
def test_the_price_is_attained_and_that_of_no_subnetwork_is_larger(
    n: int, d: int, width: int, normalisation: str
) -> None:
    rng = np.random.default_rng(n)
    program = three_layer_program(n, d, width, normalisation, 1.0)
    for _ in range(3):
        nu = rng.standard_normal(n)
        found = SelectionPrices(program)(nu, 0.0)
        assert found.complete
        assert found.largest == pytest.approx(found.attained, rel=1e-9)
        z = of_cost_one(rng.standard_normal((3000, width, d)), normalisation)
        assert attained(program, nu, z) <= found.largest
        for climbed in ascended(program, nu, rng):
            assert climbed.price.max() <= found.largest
        assert found.largest <= spectral_price(program, nu)


@BOTH
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_rows_have_prices_that_hold(name: str, normalisation: str) -> None:
    X, rng = DEGENERATE[name], np.random.default_rng(0)
    program = ThreeLayerProgram(Dataset(X, np.ones(len(X))), 1.0, 2, normalisation)
    for _ in range(3):
        nu = rng.standard_normal(len(X))
        found = SelectionPrices(program)(nu, 0.0)
        z = rng.standard_normal((3000, 2, X.shape[1])) / np.abs(X).max(axis=0)
        assert attained(program, nu, of_cost_one(z, normalisation)) <= found.largest
        for climbed in ascended(program, nu, rng):
            assert climbed.price.max(initial=0.0) <= found.largest
        assert found.largest == pytest.approx(found.attained, rel=1e-8)


@BOTH
def test_near_the_best_subnetworks_no_price_is_larger(normalisation: str) -> None:
    rng = np.random.default_rng(1)
    program = three_layer_program(6, 2, 2, normalisation, 1.0)
    nu = rng.standard_normal(6)
    found = SelectionPrices(program)(nu, 0.0)
    best = found.best[1].z[0]
    for size in (1e-1, 1e-4, 1e-8):
        z = best + size * rng.standard_normal((2000, 2, 2))
        assert attained(program, nu, of_cost_one(z, normalisation)) <= found.largest


@BOTH
def test_any_weights_of_vertices_bound_the_price(normalisation: str) -> None:
    rng = np.random.default_rng(2)
    program = three_layer_program(5, 2, 2, normalisation, 1.0)
    nu = rng.standard_normal(5)
    (signs,) = sign_classes(2, normalisation)[1:]
    some = Selections.undecided(WeightedRows.of(program.data.X, nu, signs, normalisation))
    z = of_cost_one(rng.standard_normal((3000, 2, 2)), normalisation)
    most = float(some.rows.gains(z).max())
    while not some.is_decided:
        assert some.bounds().max() >= most
        some = some.split()
        some.vertices[:] = rng.dirichlet(np.ones(2), some.vertices.shape[:2])
    assert some.bounds().max() >= most
    swept, exact = some.swept(60), shortened(some)[0]
    assert np.all(exact.bounds() <= some.bounds() * (1.0 + 1e-9))
    np.testing.assert_allclose(swept.bounds(), exact.bounds(), rtol=1e-4, atol=1e-9)
    some.vertices[0, 0] *= 0.5
    assert some.bounds()[0] == np.inf


def test_a_search_that_ends_early_leaves_a_bound() -> None:
    rng = np.random.default_rng(3)
    program = three_layer_program(12, 3, 2, FROBENIUS, 1.0)
    nu = rng.standard_normal(12)
    early, late = SelectionPrices(program, 200)(nu, 0.05), SelectionPrices(program)(nu, 0.05)
    assert (early.complete, late.complete) == (False, True)
    assert early.largest >= late.largest
    assert SelectionPrices(program)(nu * np.nan, 0.1).largest == np.inf


@BOTH
def test_prices_of_two_layers_are_those_of_width_one(normalisation: str) -> None:
    from relaxgap.certificates.prices.pricing import block_prices
    from relaxgap.patterns import enumerate_patterns
    from relaxgap.problems import relu_program

    program = three_layer_program(7, 3, 1, normalisation, 1.0)
    patterns = enumerate_patterns(program.data.X)
    nu = np.random.default_rng(4).standard_normal(7)
    cells = block_prices(relu_program(program.data, patterns, 1.0), nu, 0.0)
    assert SelectionPrices(program)(nu, 0.0).largest == pytest.approx(cells.largest, rel=1e-8)
