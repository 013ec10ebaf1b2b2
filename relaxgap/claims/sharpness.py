"""Cone sharpness: Propositions 5 and 6, Lemma 2, Theorem 7, and the bound for all directions."""

import math

import numpy as np

from relaxgap.claims import sharpness_checks as checks
from relaxgap.claims.claim import Claim, Evaluation, Kind, Number
from relaxgap.numerics.rows import unit_rows
from relaxgap.theory.bound import Hypothesis
from relaxgap.theory.gordon import (
    all_directions_limit,
    one_sided_norm,
    sharpness_limit,
    theorem_7_bound,
)
from relaxgap.theory.instance import Instance
from relaxgap.theory.sharpness.all_directions import bounded_width
from relaxgap.theory.sharpness.blocks import block_sharpness
from relaxgap.theory.sharpness.brackets import cone_sharpness
from relaxgap.theory.sharpness.least_norm import least_norm_above, proposition_6
from relaxgap.theory.sharpness.worst_direction import ascend

RTOL = 1e-4
STARTS = 16


def _direction(given: Instance) -> np.ndarray:
    """Return the direction asked about, or one drawn independently of the data."""
    drawn = np.random.default_rng(0).standard_normal(given.data.d)
    chosen = drawn if given.direction is None else given.direction
    return np.asarray(unit_rows(chosen[None])[0])


def evaluate_proposition_5(given: Instance) -> Evaluation:
    """Compare the relaxation with the gated optimum times the sharpness of the cones in use."""
    relu, gated = given.relu.certificate, given.gated.certificate
    found = block_sharpness(given.data.X, given.patterns.gates, given.gated.point.w[0], RTOL)
    quantities: dict[str, Number] = {
        "relu_value": relu.primal_value,
        "relu_bound": relu.dual_value,
        "gated_value": gated.primal_value,
        "gated_bound": gated.dual_value,
        "prop5_C": found.upper,
        "prop5_C_mean": found.mean,
        "n_blocks": found.n_blocks,
        "ratio": relu.primal_value / gated.dual_value if gated.dual_value else None,
    }
    return Evaluation(relu.dual_value, found.upper * gated.primal_value, (), quantities)


def evaluate_proposition_6(given: Instance) -> Evaluation:
    """Compare the sharpness of the first gate's cone with Proposition 6's best bound."""
    X, gate, z = given.data.X, given.gates[0], _direction(given)
    found = cone_sharpness(X, gate[None], z[None], RTOL)
    bound = proposition_6(X, gate, z)
    quantities: dict[str, Number] = {
        "sharpness": float(found.upper[0]),
        "sharpness_bound": float(found.lower[0]),
        "prop6_bound": bound,
        "prop6_eps": 1.0 / (bound - 1.0) if 1.0 < bound < math.inf else None,
    }
    return Evaluation(float(found.lower[0]), bound, (), quantities)


def evaluate_lemma_2(given: Instance) -> Evaluation:
    """Compare the least one-sided norm of the data themselves with its limit."""
    X, z = given.data.X, _direction(given)
    rho = given.data.n / given.data.d
    found = least_norm_above(X, np.abs(X @ z))
    limit = one_sided_norm(rho)
    quantities: dict[str, Number] = {
        "rho": rho,
        "least_norm": found.upper,
        "R": limit,
    }
    hypotheses = (
        Hypothesis("Gaussian rows", given.is_gaussian),
        Hypothesis("fewer than 2 d of them", rho < 2.0),
        Hypothesis("d tends to infinity: a limit, no bound of one draw", False),
    )
    return Evaluation(found.lower, limit, hypotheses, quantities)


def evaluate_theorem_7(given: Instance) -> Evaluation:
    """Compare the sharpness in one direction with the bound that has the logarithm."""
    found = cone_sharpness(given.data.X, given.gates[:1], _direction(given)[None], RTOL)
    c = given.data.n / given.data.d
    bound = theorem_7_bound(c, given.data.n)
    quantities: dict[str, Number] = {
        "sharpness": float(found.upper[0]),
        "c": c,
        "theorem7_bound": bound,
        "sharpness_limit": sharpness_limit(c),
    }
    hypotheses = (
        Hypothesis("(A1): Gaussian rows", given.is_gaussian),
        Hypothesis("the direction does not depend on X", given.direction is None),
    )
    return Evaluation(float(found.lower[0]), bound, hypotheses, quantities)


def evaluate_all_directions(given: Instance) -> Evaluation:
    """Compare the sharpest direction found with the sure bound for all of them."""
    X, gate, rng = given.data.X, given.gates[0], np.random.default_rng(0)
    width, bound = bounded_width(X, gate, rng)
    starts = rng.standard_normal((STARTS, given.data.d))
    starts[0] = _direction(given)
    gates = np.repeat(gate[None], STARTS, axis=0)
    asked = cone_sharpness(X, gates[:1], starts[:1], RTOL)
    _, worst = ascend(X, gates, starts, RTOL)
    c = given.data.n / given.data.d
    quantities: dict[str, Number] = {
        "sharpness": float(asked.upper[0]),
        "sharpness_worst_found": float(worst.lower.max()),
        "sharpness_all": bound,
        "s": width.upper,
        "s_bound": width.lower,
        "c": c,
        "sharpness_all_limit": all_directions_limit(c),
    }
    return Evaluation(float(worst.lower.max()), bound, (), quantities)


CLAIMS = (
    Claim(
        "prop_5", "Kim & Pilanci (2024), Proposition 5",
        "the relaxation is at most the gated optimum times the sharpness of the cones in use",
        "p~_g <= p~* <= C p~_g", Kind.SURE, "relaxgap.theory.sharpness.blocks",

        experiment="gap_chain", check=checks.check_proposition_5,
        evaluate=evaluate_proposition_5,
    ),
    Claim(
        "prop_6", "Kim & Pilanci (2024), Proposition 6",
        "a vector deep inside a cone bounds its sharpness",
        "C(K, z) <= 1 + 1/eps if (2D - I) X u >= eps |X z|, |u| <= 1", Kind.SURE,
        "relaxgap.theory.sharpness.least_norm",
        experiment="cone_sharpness", check=checks.check_proposition_6,
        evaluate=evaluate_proposition_6,
    ),
    Claim(
        "lemma_2", "Kim & Pilanci (2024), Lemma 2",
        "a Gaussian matrix with few rows has a short vector above |X z|",
        "min{|u| : X u >= |X z|} -> R(rho)", Kind.TREND, "relaxgap.theory.gordon",

        experiment="gaussian_lemma", check=checks.check_lemma_2,
        evaluate=evaluate_lemma_2, hypotheses=("Gaussian rows, rho = k / d < 2",),
    ),
    Claim(
        "theorem_7", "Kim & Pilanci (2024), Theorem 7",
        "in a direction independent of the data the sharpness is at most C_0 sqrt(log 2n)",
        "C(K, z) <= 1 + R(rho) + sqrt2 (1 + R(rho)) / gamma sqrt(log 2n)", Kind.LIKELY,
        "relaxgap.theory.gordon",
        experiment="cone_sharpness", check=checks.check_theorem_7,
        evaluate=evaluate_theorem_7,
        hypotheses=("(A1)", "z does not depend on X"),
    ),
    Claim(
        "all_directions", "derived here",
        "the sharpness in every direction is bounded without a logarithm",
        "C(K) <= 1 + sqrt2 |X|_2 / s, s = min{|A' mu| : mu >= 0, |mu| = 1}", Kind.SURE,
        "relaxgap.theory.sharpness.all_directions",
        experiment="cone_sharpness", check=checks.check_all_directions,
        evaluate=evaluate_all_directions,
    ),
    Claim(
        "lemma_4", "Kim & Pilanci (2024), Lemma 4 (Gordon 1988)",
        "a minimum of maxima over a Gaussian matrix is compared with one over two vectors",
        "E s_min(X) >= |sqrt n - sqrt d|", Kind.TREND, "relaxgap.theory.gordon",
        "gaussian_lemma", checks.check_lemma_4, hypotheses=("Gaussian rows",),
    ),
    Claim(
        "corollary_7", "Kim & Pilanci (2024), Corollary 7",
        "the relaxation is within a root of a logarithm of the gated optimum",
        "p~_g <= p~* <= C_0 sqrt(log 2n) p~_g", Kind.LIKELY, "relaxgap.theory.gordon",
        "gap_chain", checks.check_corollary_7, hypotheses=("(A1)",),
    ),
)  # fmt: skip
