"""The spectrum of M for Gaussian data: Theorem 6, Corollary 3, Lemmas 5 and 6."""

import math
from itertools import pairwise

import numpy as np

from relaxgap.claims import gated_checks as checks
from relaxgap.claims.claim import Claim, Evaluation, Kind, Number
from relaxgap.claims.gated import spectrum_of
from relaxgap.claims.verdicts import LARGE
from relaxgap.numerics.rounding import EPS
from relaxgap.theory.activation_gram import kappa_bound, kappa_limit, linear_kernel
from relaxgap.theory.bound import Hypothesis
from relaxgap.theory.instance import Instance


def evaluate_theorem_6(given: Instance) -> Evaluation:
    """Compare kappa with 20 (sqrt c + 1)^2."""
    c = given.data.n / given.data.d
    quantities = spectrum_of(given) | {"c": c, "kappa_limit": kappa_limit(c)}
    large = Hypothesis(f"d is large: {LARGE} or more", given.data.d >= LARGE)
    gaussian = Hypothesis("(A1): Gaussian rows", given.is_gaussian)
    return Evaluation(given.kappa, kappa_bound(c), (gaussian, large), quantities)


def evaluate_lemma_5(given: Instance) -> Evaluation:
    """Split M into Lemma 6's linear kernel A and the rest B, as the proof of Theorem 6 does."""
    A = linear_kernel(given.data.X)
    B = given.gram - A
    least_linear, least_rest, least = (
        float(np.linalg.eigvalsh(matrix)[0]) for matrix in (A, B, given.gram)
    )
    norm, frobenius = float(np.linalg.norm(B, 2)), float(np.linalg.norm(B))
    size = float(np.linalg.norm(A, 2)) + norm
    rounding = 8.0 * EPS * given.data.n * size
    chain = [
        least_linear - frobenius,
        least_linear - norm + rounding,
        least_linear + least_rest + 2.0 * rounding,
        least + 3.0 * rounding,
    ]
    rising = all(one <= other for one, other in pairwise(chain))
    quantities: dict[str, Number] = {
        "lambda_min_M": least,
        "lambda_min_A": least_linear,
        "lambda_min_B": least_rest,
        "norm_B": norm,
        "frobenius_norm_B": frobenius,
    }
    return Evaluation(chain[0] if rising else math.inf, chain[-1], (), quantities)


CLAIMS = (
    Claim(
        "theorem_6", "Kim & Pilanci (2024), Theorem 6",
        "for Gaussian data kappa is bounded by the aspect ratio alone",
        "kappa <= 20 (sqrt c + 1)^2", Kind.LIKELY, "relaxgap.theory.activation_gram",

        experiment="kappa_scale", check=checks.check_theorem_6,
        evaluate=evaluate_theorem_6, hypotheses=("(A1): Gaussian rows, n = c d, d large",),
    ),
    Claim(
        "corollary_3", "Kim & Pilanci (2024), Corollary 3",
        "for Gaussian data the gated ratio is bounded by the aspect ratio alone",
        "p~_g <= 4 sqrt(10) (sqrt c + 1) p_g", Kind.LIKELY, "relaxgap.theory.gated_ratio",
        "gated_ratio", checks.check_corollary_3,
        hypotheses=("(A1)", "P~ >= 160 (sqrt c + 1)^2 log(n / delta)"),
    ),
    Claim(
        "lemma_5", "Kim & Pilanci (2024), Lemma 5 (Weyl)",
        "the least eigenvalue of a sum is at least that of one part less the norm of the other",
        "lambda_min(A + B) >= lambda_min(A) - |B|_2, A of Lemma 6 and B = M - A", Kind.SURE,
        "relaxgap.theory.activation_gram", "kernel_spectrum", checks.check_lemma_5,
        evaluate_lemma_5,
    ),
    Claim(
        "lemma_6", "Kim & Pilanci (2024), Lemma 6 (El Karoui 2010)",
        "M is nearly linear in the Gram matrix of Gaussian rows",
        "|M - X X'/4 - d I/4 - 11'/(2 pi)|_2 / d -> 0", Kind.TREND,
        "relaxgap.theory.activation_gram", "kernel_spectrum", checks.check_lemma_6,
        hypotheses=("(A1)",),
    ),
)  # fmt: skip
