import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relaxgap.networks.landscape import zonotopes
from relaxgap.networks.landscape.zonotopes import smallest_elements

SEEDS = st.integers(0, 10_000)


def random_zonotopes(
    seed: int, n_directions: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 7))
    k = int(rng.integers(1, 9)) if n_directions is None else n_directions
    units = rng.standard_normal((k, d))
    if seed % 3 == 1:
        units = units[:1] + 10.0 ** rng.uniform(-10, 0) * units
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    reaches = rng.standard_normal((25, k)) * (rng.random((25, k)) < 0.6)
    offsets = rng.standard_normal((25, d))
    if seed % 2:
        offsets = (reaches * rng.random((25, k))) @ units
    return offsets, reaches * 10.0 ** rng.uniform(-3, 3, (25, 1)), units


def duality_gaps(
    found: np.ndarray, offsets: np.ndarray, reaches: np.ndarray, units: np.ndarray
) -> np.ndarray:
    """``v . (v - w)`` for the worst element ``w``: at least the squared distance to the answer."""
    worst = np.sum(offsets * found, axis=1)
    worst = worst - np.maximum(reaches * (found @ units.T), 0.0).sum(axis=1)
    return np.asarray(np.sum(found * found, axis=1) - worst)


@settings(max_examples=60)
@given(SEEDS)
def test_no_element_is_smaller(seed: int) -> None:
    offsets, reaches, units = random_zonotopes(seed)
    found = smallest_elements(offsets, reaches, units)
    size = np.linalg.norm(offsets, axis=1) + np.abs(reaches).sum(axis=1)
    gaps = duality_gaps(found, offsets, reaches, units)
    assert np.all(np.abs(gaps) <= 1e-12 * size**2)


@settings(max_examples=60)
@given(SEEDS)
def test_the_answer_is_an_element_in_every_direction(seed: int) -> None:
    offsets, reaches, units = random_zonotopes(seed)
    found = smallest_elements(offsets, reaches, units)
    rng = np.random.default_rng(seed)
    size = np.linalg.norm(offsets, axis=1) + np.abs(reaches).sum(axis=1)
    for direction in rng.standard_normal((20, offsets.shape[1])):
        furthest = np.maximum(-reaches * (units @ direction), 0.0).sum(axis=1)
        assert np.all((found - offsets) @ direction <= furthest + 1e-12 * size)


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 6))
def test_pivoting_agrees_with_the_active_set_method(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    units = rng.standard_normal((k, 6))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    offsets, reaches = rng.standard_normal((10, 6)), rng.standard_normal((10, k))
    found = smallest_elements(offsets, reaches, units)
    for row, (offset, reach) in enumerate(zip(offsets, reaches, strict=True)):
        columns = np.sign(reach)[:, None] * units
        t = zonotopes._active_set(offset, columns, np.abs(reach))
        np.testing.assert_allclose(found[row], offset - t @ columns, atol=1e-9)


def test_few_independent_directions_never_need_the_active_set_method(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zonotopes, "_active_set", None)
    rng = np.random.default_rng(0)
    units = rng.standard_normal((8, 8))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    for _ in range(20):
        smallest_elements(rng.standard_normal((50, 8)), rng.standard_normal((50, 8)), units)


@pytest.mark.parametrize(
    ("offset", "reach", "expected"),
    [
        pytest.param(3.0, 1.0, 2.0, id="t at its upper bound"),
        pytest.param(3.0, -1.0, 3.0, id="t at its lower bound"),
        pytest.param(3.0, 4.0, 0.0, id="t inside"),
        pytest.param(3.0, 0.0, 3.0, id="no reach"),
        pytest.param(0.0, 4.0, 0.0, id="zero already"),
        pytest.param(1e-300, 1e300, 0.0, id="a reach far beyond the offset"),
        pytest.param(1e300, 1e-300, 1e300, id="a reach that underflows"),
    ],
)
def test_a_segment_has_its_closed_form(offset: float, reach: float, expected: float) -> None:
    found = smallest_elements(np.array([[offset]]), np.array([[reach]]), np.ones((1, 1)))
    assert found.item() == pytest.approx(expected, rel=1e-14, abs=1e-310)


def test_equal_directions_add_their_reaches() -> None:
    units = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    found = smallest_elements(np.array([[5.0, 1.0]]), np.array([[1.0, 2.0, -1.0]]), units)
    np.testing.assert_allclose(found, [[1.0, 1.0]], atol=1e-14)


@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (0, 0, 2)])
def test_without_zonotopes_or_directions_the_offsets_are_returned(
    shape: tuple[int, int, int],
) -> None:
    N, k, d = shape
    offsets = np.ones((N, d))
    found = smallest_elements(offsets, np.ones((N, k)), np.ones((k, d)))
    np.testing.assert_array_equal(found, offsets)
