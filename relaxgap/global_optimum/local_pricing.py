r"""Neurons that violate the dual constraint, found by local ascent: no list of patterns needed.

The dual of training over *all* patterns asks :math:`\pm\nu^\top (Xu)_+ \le \beta` on the unit ball.
Ascent finds violators and proves nothing; the bounds are in `relaxgap.global_optimum.bounds`.
"""

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.clock import NEVER, Deadline, checkpoint
from relaxgap.numerics.rows import unit_directions
from relaxgap.problems.losses import SQUARED, Loss

STEPS = 150
FIRST_STEP, GROWTH, SHRINKAGE = 0.5, 1.3, 0.5
SAME_DIRECTION = 1.0 - 1e-6
WORK = 4e7
"""Multiplications that one product of all starts with the data may take."""
ENTRIES = 2e5
"""Entries of that product."""
MIN_STARTS, MAX_STARTS = 50, 400


def ascend(
    X: Float64[np.ndarray, "n d"],
    nu: Float64[np.ndarray, " n"],
    starts: Float64[np.ndarray, "k d"],
    n_steps: int = STEPS,
    deadline: Deadline = NEVER,
) -> tuple[Float64[np.ndarray, "k d"], Float64[np.ndarray, " k"]]:
    r"""Ascend :math:`\nu^\top (Xu)_+` on the unit sphere from every start at once.

    One step tries :math:`u + s\, g / \|g\|`, brought back to the sphere, with
    :math:`g = X^\top D_u \nu`; it is kept where the price grew, and its length :math:`s` grows or
    shrinks with that. No step begins after the deadline: every direction so far is a priced one.

    Returns
    -------
    directions : (k, d) float64
        Unit vectors, none worse than its start; a zero start stays zero.
    prices : (k,) float64
        Their :math:`\nu^\top (Xu)_+`.

    Notes
    -----
    Cost: O(n d k) a step, two matrix products.
    """
    directions = unit_directions(starts)
    preactivations = directions @ X.T
    prices = np.maximum(preactivations, 0.0) @ nu
    steps = np.full(prices.size, FIRST_STEP)
    for _ in range(n_steps):
        checkpoint()
        if deadline.has_passed:
            break
        gradients = unit_directions(((preactivations > 0.0) * nu) @ X)
        moved = unit_directions(directions + steps[:, None] * gradients)
        moved_preactivations = moved @ X.T
        moved_prices = np.maximum(moved_preactivations, 0.0) @ nu
        better = moved_prices > prices
        directions = np.where(better[:, None], moved, directions)
        preactivations = np.where(better[:, None], moved_preactivations, preactivations)
        prices = np.where(better, moved_prices, prices)
        steps *= np.where(better, GROWTH, SHRINKAGE)
    return directions, prices


def violators(
    X: Float64[np.ndarray, "n d"],
    nu: Float64[np.ndarray, " n"],
    threshold: float,
    starts: Float64[np.ndarray, "k d"],
    max_per_sign: int,
) -> Float64[np.ndarray, "v d"]:
    """Return up to ``max_per_sign`` distinct directions of each sign priced above ``threshold``."""
    found = []
    for sign in (1.0, -1.0):
        directions, prices = ascend(X, sign * nu, starts)
        chosen: list[Float64[np.ndarray, " d"]] = []
        for index in np.argsort(-prices):
            if prices[index] <= threshold or len(chosen) == max_per_sign:
                break
            direction = directions[index]
            if all(float(direction @ other) < SAME_DIRECTION for other in chosen):
                chosen.append(direction)
        found.extend(chosen)
    return np.array(found).reshape(len(found), X.shape[1])


def random_starts(data: Dataset, rng: np.random.Generator) -> Float64[np.ndarray, "k d"]:
    """Draw starts of the ascent: fewer where a step costs more."""
    n_starts = min(WORK / (data.n * data.d), ENTRIES / data.n)
    n_starts = int(np.clip(n_starts, MIN_STARTS, MAX_STARTS))
    return np.asarray(rng.standard_normal((n_starts, data.d)))


def estimate_beta_max(
    data: Dataset, seed: int = 0, deadline: Deadline = NEVER, loss: Loss = SQUARED
) -> float:
    r"""Return the largest :math:`|\nu^\top (Xu)_+|` found on the unit ball, at a zero fit.

    There :math:`\nu` is ``y`` for the squared and the hinge loss, ``y / 2`` for the logistic one.

    A lower bound of ``beta_max`` over all patterns, which is the global maximum; exact as far as
    local ascent finds that before the deadline.

    Notes
    -----
    After the deadline it is the best of the random starts themselves, for two products of them with
    the data: it is positive then too, but may be a small part of ``beta_max``.
    """
    starts = random_starts(data, np.random.default_rng(seed))
    nu = loss.dual_point(np.zeros_like(data.y), data.y)
    return largest_price(data.X, nu, starts, deadline)


def largest_price(
    X: Float64[np.ndarray, "n d"],
    nu: Float64[np.ndarray, " n"],
    starts: Float64[np.ndarray, "k d"],
    deadline: Deadline = NEVER,
) -> float:
    r"""Return the largest :math:`|\nu^\top (Xu)_+|` found: a lower bound of the true largest."""
    found = 0.0
    # either sign may have the largest: each has half of the time
    for sign, turn in ((1.0, deadline.within(0.5)), (-1.0, deadline)):
        prices = ascend(X, sign * nu, starts, deadline=turn)[1]
        found = max(found, float(prices.max(initial=0.0)))
    return found
