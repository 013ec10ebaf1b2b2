"""The gated relaxation: interpolation, ridge, Propositions 3 and 4, Theorem 5, (7), MAX-CUT."""

import math
from itertools import pairwise

import numpy as np

from relaxgap.claims import gated_checks as checks
from relaxgap.claims.claim import Claim, Evaluation, Kind, Number
from relaxgap.theory import gated_ratio as bounds
from relaxgap.theory.bound import Bound, Hypothesis
from relaxgap.theory.instance import Instance
from relaxgap.theory.maxcut import separable_price
from relaxgap.theory.random_interpolation import (
    failure_bound,
    gates_needed,
    interpolating_gates,
    interpolation_residual,
)
from relaxgap.theory.ridge_relaxation import ridge_bounds, ridge_limit, ridge_value

ENOUGH = "P~ >= 8 kappa log(n / delta)"
INVERTIBLE = "M is invertible"
OTHER_LENGTHS = 8
"""Random lengths at which the surrogate is compared with its least value."""


def spectrum_of(given: Instance) -> dict[str, Number]:
    """Return what the matrix of all gates is like."""
    sign, logdet = np.linalg.slogdet(given.gram)
    return {
        "lambda_max": given.largest,
        "lambda_min_M": given.least,
        "logdet_M": float(logdet) if sign > 0.0 and given.least > 0.0 else None,
        "kappa": given.kappa,
    }


def _prices(given: Instance) -> dict[str, Number]:
    """Return the largest gated price, or what bounds it."""
    return {
        "C_y": given.price_bound,
        "C_y_exact": given.exact_price is not None,
        "maxcut": given.cut,
        "maxcut_sdp": given.cut_bound,
        "separable": separable_price(given.data.X, given.data.y) is not None,
    }


def _gated(given: Instance) -> dict[str, Number]:
    certificate = given.gated.certificate
    return {"gated_value": certificate.primal_value, "gated_bound": certificate.dual_value}


def evaluate_proposition_1(given: Instance) -> Evaluation:
    """Construct the 2n gates and fit the labels with them."""
    data = given.data
    found = interpolating_gates(data.X, data.y, np.random.default_rng(0))
    active = (found.gates @ data.X.T >= 0.0).astype(np.float64)
    # the weights of a pair are opposite: what is left is where its patterns differ
    differences = active[0::2] - active[1::2]
    fit = np.einsum("pn,nd,pd->n", differences, data.X, found.weights[0::2])
    residual = float(np.linalg.norm(fit - data.y))
    rounding = 1e-12 * (1.0 + float(np.linalg.norm(data.y)))
    return Evaluation(residual, rounding, (), {"residual": residual, "n_gates": 2 * data.n})


def evaluate_proposition_2(given: Instance) -> Evaluation:
    """Compare the least eigenvalue of the sample with half that of all gates."""
    sampled = float(np.linalg.eigvalsh(given.sampled_gram)[0])
    needed = gates_needed(given.kappa, given.data.n, given.delta) if given.least else math.inf
    hypotheses = (
        Hypothesis(INVERTIBLE, given.least > 0.0),
        Hypothesis(ENOUGH, given.has_enough_gates),
    )
    bound = failure_bound(given.kappa, given.data.n, given.n_gates) if given.least else 1.0
    quantities = spectrum_of(given) | {
        "lambda_min_M_sampled": sampled,
        "n_gates": given.n_gates,
        "n_gates_needed": needed,
        "failure_bound": bound,
    }
    return Evaluation(0.5 * given.least, sampled, hypotheses, quantities)


def evaluate_corollary_1(given: Instance) -> Evaluation:
    """Measure how far the gates' features are from fitting the labels."""
    data = given.data
    residual = interpolation_residual(data.X, data.y, given.active)
    hypotheses = (
        Hypothesis(INVERTIBLE, given.least > 0.0),
        Hypothesis(ENOUGH, given.has_enough_gates),
    )
    rounding = 1e-7 * float(np.linalg.norm(data.y))
    quantities = spectrum_of(given) | {"residual": residual, "gated_value": 0.5 * residual**2}
    return Evaluation(residual, rounding, hypotheses, quantities)


def evaluate_theorem_4(given: Instance) -> Evaluation:
    """Compare the ridge value with its upper bound; the lower one is among the quantities."""
    y, beta, n_gates = given.data.y, given.beta, given.n_gates
    value = ridge_value(given.sampled_gram, y, beta, n_gates)
    low, high = ridge_bounds(given.largest, given.least, y, beta, n_gates)
    limit = ridge_limit(given.gram, y, beta) if given.least > 0.0 else None
    quantities = spectrum_of(given) | {
        "ridge_value": value,
        "ridge_lower_bound": low,
        "ridge_upper_bound": high,
        "scaled_ridge_value": n_gates * value,
        "scaled_ridge_limit": limit,
    }
    hypotheses = (
        Hypothesis(INVERTIBLE, given.least > 0.0),
        Hypothesis(ENOUGH, given.has_enough_gates),
    )
    # the lower bound is sure: where it fails nothing holds
    left = value if low <= value * (1.0 + 1e-9) else math.inf
    return Evaluation(left, high * (1.0 + 1e-9), hypotheses, quantities)


def evaluate_equation_6(given: Instance) -> Evaluation:
    """Compare the surrogate at the lengths of the solution, and at others, with its objective."""
    point, data = given.gated.point, given.data
    program_value = given.gated.certificate.primal_value
    w = point.w[0]
    residual = data.y - np.einsum(
        "pn,nd,pd->n", given.patterns.patterns.astype(np.float64), data.X, w
    )
    lengths = np.linalg.norm(w, axis=1)
    surrogate = bounds.surrogate_value(residual, lengths, lengths, given.beta)
    factors = np.exp(np.random.default_rng(0).standard_normal((OTHER_LENGTHS, lengths.size)))
    others = [
        bounds.surrogate_value(residual, lengths, lengths * factor, given.beta)
        for factor in factors
    ]
    return Evaluation(
        max(abs(surrogate - program_value), program_value - min(others)),
        1e-6 * program_value + 1e-11 * float(data.y @ data.y),
        (),
        _gated(given) | {"surrogate_value": surrogate, "surrogate_elsewhere": min(others)},
    )


def evaluate_proposition_3(given: Instance) -> Evaluation:
    """Compare the sampled gated optimum with its bound by the sample matrix."""
    sure = bounds.proposition_3(given.sampled_gram, given.data.y, given.beta)
    expected = bounds.proposition_3_expected(
        given.least, given.data.y, given.beta, given.has_enough_gates
    )
    quantities = (
        spectrum_of(given)
        | _gated(given)
        | {
            "prop3_bound": sure.value,
            "prop3_bound_M": expected.value,
            "prop3_bound_M_applies": expected.applies,
        }
    )
    left = given.gated.certificate.dual_value
    return Evaluation(left, sure.value, sure.hypotheses, quantities)


def _below_all_patterns(given: Instance, bound: Bound, name: str) -> Evaluation:
    """Compare a lower bound of the gated optimum over all patterns with a value above it."""
    # over the sampled patterns the optimum is larger, so that this is the weaker test
    right = given.gated.certificate.primal_value
    quantities = _prices(given) | _gated(given) | {"lambda_max": given.largest, name: bound.value}
    return Evaluation(bound.value, right, bound.hypotheses, quantities)


def evaluate_proposition_4(given: Instance) -> Evaluation:
    """Compare Proposition 4's bound with the sampled gated optimum, which is above it too."""
    bound = bounds.proposition_4(given.price_bound, given.data.y, given.beta)
    return _below_all_patterns(given, bound, "prop4_bound")


def evaluate_corollary_2(given: Instance) -> Evaluation:
    """Compare Corollary 2's bound with the sampled gated optimum, which is above it too."""
    bound = bounds.corollary_2(given.largest, given.data.y, given.beta)
    return _below_all_patterns(given, bound, "cor2_bound")


def _ratio(given: Instance, bound: Bound, name: str, more: dict[str, Number]) -> Evaluation:
    """Compare the sampled optimum, over Proposition 4's bound, with a bound of the ratio.

    The proofs bound the ratio by that quotient, of which a lower end is on the left.
    """
    below = bounds.proposition_4(given.price_bound, given.data.y, given.beta).value
    certificate = given.gated.certificate
    lower, upper = (
        value / below if below else math.inf
        for value in (certificate.dual_value, certificate.primal_value)
    )
    quantities = _gated(given) | more | {"ratio_upper_bound": upper, name: bound.value}
    return Evaluation(lower if below else 0.0, bound.value, bound.hypotheses, quantities)


def evaluate_theorem_5(given: Instance) -> Evaluation:
    """Compare an upper bound of the ratio with the square root of kappa times 2 sqrt 2."""
    bound = bounds.theorem_5(given.kappa, given.has_enough_gates)
    return _ratio(given, bound, "theorem5_bound", spectrum_of(given) | _prices(given))


def evaluate_equation_7(given: Instance) -> Evaluation:
    """Compare an upper bound of the ratio with equation (7), by C_y or what bounds it."""
    bound = bounds.equation_7(given.price_bound, given.sampled_gram, given.data.y)
    return _ratio(given, bound, "eq7_bound", _prices(given))


def evaluate_maxcut(given: Instance) -> Evaluation:
    """Walk the chain C_y^2 <= cut <= relaxation <= L |y|^2."""
    top = given.largest * float(given.data.y @ given.data.y)
    chain = [
        value
        for value in (
            None if given.exact_price is None else given.exact_price**2 / (1.0 + 1e-9),
            given.cut,
            given.cut_bound * (1.0 + 1e-9),
            top * (1.0 + 1e-8),
        )
        if value is not None
    ]
    rising = all(one <= other for one, other in pairwise(chain))
    quantities = _prices(given) | {"lambda_max_y": top}
    return Evaluation(chain[0] if rising else math.inf, chain[-1], (), quantities)


CLAIMS = (
    Claim(
        "prop_1", "Kim & Pilanci (2024), Proposition 1",
        "2n patterns exist whose gated features fit every label vector",
        "sum_j D_j X w_j = y", Kind.SURE, "relaxgap.theory.random_interpolation",
        evaluate=evaluate_proposition_1, hypotheses=("no two rows of X are parallel",),
    ),
    Claim(
        "prop_2", "Kim & Pilanci (2024), Proposition 2",
        "random patterns fit every label vector once there are enough of them",
        "lambda_min(M^) >= lambda_min(M) / 2 > 0", Kind.LIKELY,
        "relaxgap.theory.random_interpolation",
        experiment="random_interpolation", check=checks.check_proposition_2,
        evaluate=evaluate_proposition_2,
        hypotheses=(INVERTIBLE, ENOUGH),
    ),
    Claim(
        "corollary_1", "Kim & Pilanci (2024), Corollary 1",
        "without regularisation the gated optimum over random patterns is 0",
        "p_g = p~_g = 0 at beta = 0", Kind.LIKELY, "relaxgap.theory.random_interpolation",

        experiment="random_interpolation", check=checks.check_corollary_1,
        evaluate=evaluate_corollary_1, hypotheses=(INVERTIBLE, ENOUGH),
    ),
    Claim(
        "theorem_4", "Kim & Pilanci (2024), Theorem 4",
        "with a squared penalty the optimum falls like one over the number of gates",
        "beta |y|^2 / (P~ L + 2 beta) <= value <= beta |y|^2 / (P~ lambda_min(M) / 2 + 2 beta)",
        Kind.LIKELY, "relaxgap.theory.ridge_relaxation",
        experiment="ridge_relaxation", check=checks.check_theorem_4,
        evaluate=evaluate_theorem_4,
        hypotheses=(INVERTIBLE, ENOUGH),
    ),
    Claim(
        "eq_6", "Kim & Pilanci (2024), display (6)",
        "the surrogate with a squared penalty has the gated objective as its least value",
        "1/2 |r|^2 + beta/2 sum_i (|w_i|^2 / t_i + t_i) at t_i = |w_i|", Kind.SURE,
        "relaxgap.theory.gated_ratio", evaluate=evaluate_equation_6,
    ),
    Claim(
        "prop_3", "Kim & Pilanci (2024), Proposition 3",
        "the sampled gated optimum is at most beta times the length of y in the norm of M^^-1",
        "p~_g <= beta sqrt(y' M^^-1 y)", Kind.SURE, "relaxgap.theory.gated_ratio",

        experiment="gated_ratio", check=checks.check_proposition_3,
        evaluate=evaluate_proposition_3, hypotheses=("M^ is invertible",),
    ),
    Claim(
        "prop_4", "Kim & Pilanci (2024), Proposition 4",
        "the gated optimum over all patterns is bounded below by the largest price of y",
        "p_g >= s |y|^2 (1 - s/2), s = min(beta / C_y, 1)", Kind.SURE,
        "relaxgap.theory.gated_ratio",
        experiment="gated_ratio", check=checks.check_proposition_4,
        evaluate=evaluate_proposition_4,
    ),
    Claim(
        "corollary_2", "Kim & Pilanci (2024), Corollary 2",
        "the gated optimum over all patterns is bounded below by the largest eigenvalue",
        "p_g >= beta |y| / (2 sqrt L)", Kind.SURE, "relaxgap.theory.gated_ratio",

        experiment="gated_ratio", check=checks.check_corollary_2,
        evaluate=evaluate_corollary_2, hypotheses=("beta <= sqrt(L) |y|",),
    ),
    Claim(
        "theorem_5", "Kim & Pilanci (2024), Theorem 5",
        "the sampled gated optimum is within 2 sqrt(2 kappa) of that over all patterns",
        "p~_g <= 2 sqrt(2) sqrt(kappa) p_g", Kind.LIKELY, "relaxgap.theory.gated_ratio",

        experiment="gated_ratio", check=checks.check_theorem_5,
        evaluate=evaluate_theorem_5, hypotheses=(INVERTIBLE, ENOUGH),
    ),
    Claim(
        "eq_7", "Kim & Pilanci (2024), equation (7)",
        "the gated ratio is bounded by the data, never below 2",
        "p~_g / p_g <= 2 C_y sqrt(y' M^^-1 y) / |y|^2", Kind.SURE,
        "relaxgap.theory.gated_ratio",
        experiment="gated_ratio", check=checks.check_equation_7,
        evaluate=evaluate_equation_7,
        hypotheses=("M^ is invertible",),
    ),
    Claim(
        "maxcut", "Kim & Pilanci (2024), Section 3.4",
        "the largest price of y is at most a cut, its relaxation and an eigenvalue",
        "C_y^2 <= cut <= SDP <= L |y|^2", Kind.SURE, "relaxgap.theory.maxcut",

        experiment="maxcut_bound", check=checks.check_maxcut,
        evaluate=evaluate_maxcut,
    ),
    Claim(
        "lemma_3", "Kim & Pilanci (2024), Lemma 3 (matrix Chernoff)",
        "the least eigenvalue of a sum of bounded random matrices is rarely far below its mean",
        "P(lambda_min(M^) <= lambda_min(M) / 2) <= n (2 / e)^(P~ / 2 kappa)", Kind.LIKELY,
        "relaxgap.theory.random_interpolation", "random_interpolation", checks.check_lemma_3,
    ),
)  # fmt: skip
