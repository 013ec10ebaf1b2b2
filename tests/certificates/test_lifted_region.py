import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import random_program

from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation, Lifting, Region, Units
from relaxgap.certificates.all_patterns.lifted.face import Face
from relaxgap.certificates.all_patterns.lifted.positive_part import FIRST_STEPS, PositivePart
from relaxgap.certificates.all_patterns.lifted.region import MAX_DOUBLE_ORDER
from relaxgap.problems import relu_program


def lifting(seed: int, n: int = 7, d: int = 3) -> Lifting:
    rng = np.random.default_rng(seed)
    program = random_program(relu_program, n, d, seed)
    units = Units.of(program.data, program.beta)
    assert units is not None
    activations = rng.integers(-1, 2, units.samples.size).astype(np.int8)
    return Lifting.of(Region(1.0, activations), units)


def neuron(region: Lifting, u: np.ndarray, a: np.ndarray) -> np.ndarray:
    """A lifted point with ``a - b = Xu`` and the zeros of the region, of any sign."""
    heights = region.units.rows @ u
    active, inactive = region.region.activations == 1, region.region.activations == 0
    a = np.where(active, heights, np.where(inactive, 0.0, a))
    b = a - heights
    return np.concatenate(
        [[1.0], u, b[inactive], a[active], a[region.undecided], b[region.undecided]]
    )


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_a_face_has_orthonormal_columns_that_span_the_lifted_points(seed: int) -> None:
    region, rng = lifting(seed), np.random.default_rng(seed)
    face = Face.of(region, np.dtype(np.float64))
    basis = face.extend(np.eye(face.order))
    np.testing.assert_allclose(basis.T @ basis, np.eye(face.order), atol=1e-13)
    z = neuron(region, rng.standard_normal(region.rank), rng.standard_normal(region.units.y.size))
    np.testing.assert_allclose(basis @ (basis.T @ z), z, atol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_the_form_on_a_face_is_that_of_its_basis(seed: int) -> None:
    region = lifting(seed)
    face = Face.of(region, np.dtype(np.float64))
    basis = face.extend(np.eye(face.order))
    matrix = np.random.default_rng(seed).standard_normal((region.order, region.order))
    matrix += matrix.T
    np.testing.assert_allclose(face.restrict(matrix), basis.T @ matrix @ basis, atol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_a_part_keeps_the_entries_of_the_same_samples(seed: int) -> None:
    whole, rng = lifting(seed), np.random.default_rng(seed)
    if whole.n_undecided == 0:
        return
    sample = int(rng.choice(whole.undecided))
    heights = rng.standard_normal(whole.units.y.size)
    for part in whole.region.split(sample):
        inner = Lifting.of(part, whole.units)
        # every entry is told by its sample, and a from b by its sign
        marks = [np.arange(1.0 + whole.rank)]
        own = [np.arange(1.0 + whole.rank)]
        for laid, into in ((whole, marks), (inner, own)):
            n_inactive = laid.negative.size - laid.n_undecided
            into.append(-heights[laid.negative[:n_inactive]])
            into.append(heights[laid.positive])
            into.append(-heights[laid.undecided])
        places = whole.places_of(inner)
        np.testing.assert_array_equal(np.concatenate(marks)[places], np.concatenate(own))


def test_the_positive_part_follows_a_matrix_that_changes_little() -> None:
    rng = np.random.default_rng(0)
    k, few = 120, 8
    vectors = np.linalg.qr(rng.standard_normal((k, k)))[0]
    values = np.concatenate([-rng.uniform(0.01, 1.0, k - few), rng.uniform(0.1, 1.0, few)])
    T = (vectors * values) @ vectors.T
    turn = 1e-3 * rng.standard_normal((k, k))
    turn -= turn.T
    follower, n_whole = PositivePart(), 0
    for _ in range(4 * FIRST_STEPS):
        T = T + turn @ T - T @ turn
        T = 0.5 * (T + T.T)
        before = follower.low
        factor = follower.factor(T)
        n_whole += follower.low != before
        eigenvalues, eigenvectors = np.linalg.eigh(T)
        exact = (eigenvectors * np.maximum(eigenvalues, 0.0)) @ eigenvectors.T
        assert np.linalg.norm(factor @ factor.T - exact) <= 1e-3 * np.linalg.norm(exact)
    assert n_whole == FIRST_STEPS


def test_the_positive_part_is_exact_where_the_spectrum_jumps() -> None:
    rng = np.random.default_rng(1)
    follower = PositivePart()
    for step in range(3 * FIRST_STEPS):
        T = rng.standard_normal((60, 60))
        T = (T + T.T) * (10.0 if step % 7 == 0 else 1.0) + (step % 5) * np.eye(60)
        factor = follower.factor(T)
        values, vectors = np.linalg.eigh(T)
        exact = (vectors * np.maximum(values, 0.0)) @ vectors.T
        # one step of a subspace that fits nothing is no positive part, but never larger
        assert np.linalg.norm(factor) <= 1.001 * np.linalg.norm(np.sqrt(np.maximum(values, 0.0)))
        if step < FIRST_STEPS:
            np.testing.assert_allclose(factor @ factor.T, exact, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("unit", [0.0, 1e-300, 1e-44, 1e-38, 1.0, 1e30])
@pytest.mark.parametrize("low", [-1.0, 0.0, 1.0])
def test_the_positive_part_of_any_spectrum_is_followed(
    dtype: type[np.floating], unit: float, low: float
) -> None:
    k = 30
    T = (unit * np.diag(np.linspace(low, 1.0, k))).astype(dtype)
    follower = PositivePart()
    with np.errstate(under="ignore"):
        for _ in range(2 * FIRST_STEPS):
            factor = follower.factor(T).astype(np.float64)
            size = np.linalg.norm(T.astype(np.float64))
            assert np.linalg.norm(factor.T @ factor) <= 1.001 * size


def test_the_parts_of_a_split_add_up_to_the_whole() -> None:
    program = random_program(relu_program, 9, 4, seed=0, fraction=0.03)
    units = Units.of(program.data, program.beta)
    assert units is not None
    relaxation = LiftedRelaxation(program.data, units)
    relaxation.advance(400)
    before, n_regions = relaxation.value, len(relaxation.regions)
    assert relaxation.split()
    assert len(relaxation.regions) == n_regions + 1
    assert relaxation.value == pytest.approx(before, rel=1e-3)
    # and the iteration goes on where it was
    relaxation.advance(1)
    assert relaxation.value == pytest.approx(before, rel=1e-2)


def test_steps_in_single_precision_end_at_the_same_value() -> None:
    program = random_program(relu_program, 30, 2, seed=1)
    units = Units.of(program.data, program.beta)
    assert units is not None
    single, double = (LiftedRelaxation(program.data, units) for _ in range(2))
    assert single.regions[0].lifting.order <= MAX_DOUBLE_ORDER
    for region in single.regions:
        for name in ("Y", "Z", "scaled", "apart"):
            setattr(region.state, name, getattr(region.state, name).astype(np.float32))
        region.face = Face.of(region.lifting, np.dtype(np.float32))
    single.advance(300)
    double.advance(300)
    assert single.regions[0].state.Y.dtype == np.float32
    assert single.value == pytest.approx(double.value, rel=1e-4)
    assert single.price_bound()[1] == pytest.approx(double.price_bound()[1], rel=1e-3)
