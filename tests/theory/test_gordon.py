"""The constants against the expectations that define them, by quadrature and by drawn matrices."""

import math

import numpy as np
import pytest
from jaxtyping import Float64
from scipy.stats import halfnorm, norm

from relaxgap.theory.gordon import (
    all_directions_limit,
    all_directions_margin,
    falling_square,
    fixed_direction_margin,
    lifted_square,
    logarithm_factor,
    one_sided_norm,
    pushed_square,
    sharpness_limit,
    theorem_7_bound,
)
from relaxgap.theory.sharpness.least_norm import least_norm_above

NODES, WEIGHTS = np.polynomial.legendre.leggauss(120)
HALF = 5.0 * (NODES + 1.0)
HALF_WEIGHTS = 5.0 * WEIGHTS * halfnorm.pdf(HALF)
"""Quadrature of the size of a standard normal, which is below 10 as far as can be told."""


def positive_square(push: Float64[np.ndarray, "..."], spread: float) -> Float64[np.ndarray, "..."]:
    """Return the mean of ``(push + spread g)_+^2`` for a standard normal ``g``."""
    z = push / spread
    return np.asarray((push**2 + spread**2) * norm.cdf(z) + push * spread * norm.pdf(z))


@pytest.mark.parametrize("R", [0.3, 1.0, 4.5])
def test_the_closed_form_of_two_normals_is_their_integral(R: float) -> None:
    assert lifted_square(R) == pytest.approx(HALF_WEIGHTS @ positive_square(HALF, R), rel=1e-9)


@pytest.mark.parametrize("t", [0.0, 0.4, 3.0])
def test_the_falling_square_is_its_integral(t: float) -> None:
    value = HALF_WEIGHTS @ positive_square(-t * HALF, 1.0)
    assert falling_square(t) == pytest.approx(value, rel=1e-9)


def test_the_expansion_of_the_falling_square_joins_it() -> None:
    assert falling_square(100.0 + 1e-9) == pytest.approx(falling_square(100.0), rel=1e-8)


@pytest.mark.parametrize(("eps", "a", "b"), [(0.5, 0.6, 0.8), (0.1, 0.95, 0.3), (2.0, 0.0, 1.0)])
def test_the_square_of_three_normals_is_their_integral(eps: float, a: float, b: float) -> None:
    squares = positive_square(eps * HALF[:, None] - a * HALF, b)
    value = HALF_WEIGHTS @ squares @ HALF_WEIGHTS
    assert pushed_square(eps, a, b) == pytest.approx(value, rel=1e-9)


def test_lemma_2_has_the_values_of_quadrature() -> None:
    found = [one_sided_norm(rho) for rho in (0.1, 0.5, 1.0, 1.5)]
    # 4.58 at 1.5, as once printed, is a simulation's
    assert found == pytest.approx([0.3321, 0.9241, 1.9081, 4.5414], abs=1e-4)
    assert one_sided_norm(2.0) == math.inf


def test_one_direction_has_no_logarithm() -> None:
    found = [sharpness_limit(c) for c in (1.0, 2.0, 4.0)]
    assert found == pytest.approx([2.265, 3.152, 4.972], abs=1e-3)
    assert fixed_direction_margin(64.0) > 0.0


def test_all_directions_have_no_logarithm() -> None:
    assert [all_directions_margin(c) for c in (1.0, 2.0, 4.0)] == pytest.approx(
        [0.4248, 0.2817, 0.1625], abs=1e-4
    )
    assert [all_directions_limit(c) for c in (1.0, 2.0, 4.0)] == pytest.approx(
        [7.66, 13.12, 27.10], abs=0.01
    )


@pytest.mark.parametrize("c", [1e4, 1e6, 1e9])
def test_the_margin_of_all_directions_falls_like_the_inverse_of_c(c: float) -> None:
    # b(a) tends to (9 a c / (2 pi))^(1/3), which is 1 there
    assert all_directions_margin(c) * c == pytest.approx(2.0 * math.pi / 9.0, rel=1e-3)


def test_the_proof_of_theorem_7_has_its_factors() -> None:
    factors = {c: min(logarithm_factor(c, 0.01 * k) for k in range(1, 200)) for c in (2.0, 4.0)}
    # at c = 2 the rows that are not Lemma 2's run out as rho does
    assert factors[4.0] == pytest.approx(12.88, abs=0.01)
    assert logarithm_factor(2.0, 1.0) == pytest.approx(6.1, abs=0.1)
    assert theorem_7_bound(4.0, 1000) > theorem_7_bound(4.0, 10)
    assert theorem_7_bound(1.0, 10**6) <= 1.0 + one_sided_norm(1.0)


@pytest.mark.parametrize("rho", [0.5, 1.0])
def test_drawn_matrices_come_close_to_lemma_2(rho: float) -> None:
    rng, d = np.random.default_rng(0), 160
    k = round(rho * d)
    norms = []
    for _ in range(6):
        G = rng.standard_normal((k, d))
        norms.append(least_norm_above(G, np.abs(G[:, 0])).upper)
    assert np.mean(norms) == pytest.approx(one_sided_norm(rho), rel=0.15)


@pytest.mark.parametrize("c", [0.05, 30.0, 1000.0])
def test_the_margins_are_positive_at_every_aspect_ratio(c: float) -> None:
    assert 0.0 < all_directions_margin(c) <= 1.0
    assert 1.0 < sharpness_limit(c) < all_directions_limit(c)
