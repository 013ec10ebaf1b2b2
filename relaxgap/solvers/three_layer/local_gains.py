r"""Sub-networks of large price found by ascent, where a search does not end; it proves nothing."""

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.three_layer.pieces import SignClass, sign_classes
from relaxgap.certificates.three_layer.prices import Candidates
from relaxgap.numerics.clock import OutOfTimeError, checkpoint
from relaxgap.problems.three_layer import ThreeLayerProgram, of_cost_one

STARTS, STEPS = 64, 80
FEWEST_STARTS, MOST_ENTRIES = 4, 8_000_000
"""Of all starts' activations at once: with more samples there are fewer starts."""
FIRST_STEP, GROWTH, SHRINKAGE = 0.5, 1.3, 0.5


def ascended(
    program: ThreeLayerProgram, nu: Float64[np.ndarray, " n"], rng: np.random.Generator
) -> tuple[Candidates, ...]:
    """Return local maxima of the gain from drawn starts, for every class of signs.

    A deadline ends the ascent where it is.

    Notes
    -----
    Cost: O(n m d) a start and step.
    """
    found = []
    for signs in sign_classes(program.width, program.normalisation):
        parts = [_climbed(program, sign * nu, signs, rng) for sign in (1.0, -1.0)]
        price = np.concatenate([gains for _, gains in parts]) * signs.factor
        order = np.argsort(-price, kind="stable")
        output = np.repeat([1.0, -1.0], [len(gains) for _, gains in parts])
        z = np.concatenate([z for z, _ in parts])
        found.append(Candidates(signs, output[order], z[order], price[order]))
    return tuple(found)


def _climbed(
    program: ThreeLayerProgram,
    c: Float64[np.ndarray, " n"],
    signs: SignClass,
    rng: np.random.Generator,
) -> tuple[Float64[np.ndarray, "s m d"], Float64[np.ndarray, " s"]]:
    """Return sub-networks of cost 1, none worse than its start, and their gains."""
    X, normalisation = program.data.X, program.normalisation
    n_starts = int(np.clip(MOST_ENTRIES // (X.shape[0] * signs.m), FEWEST_STARTS, STARTS))
    z = of_cost_one(rng.standard_normal((n_starts, signs.m, program.data.d)), normalisation)
    gains, slopes = _gains(X, c, signs, z)
    steps = np.full(n_starts, FIRST_STEP)
    for _ in range(STEPS):
        try:
            checkpoint()
        except OutOfTimeError:
            break
        ahead = of_cost_one(slopes, normalisation)
        moved = of_cost_one(z + steps[:, None, None] * ahead, normalisation)
        moved_gains, moved_slopes = _gains(X, c, signs, moved)
        better = moved_gains > gains
        z = np.where(better[:, None, None], moved, z)
        slopes = np.where(better[:, None, None], moved_slopes, slopes)
        gains = np.where(better, moved_gains, gains)
        steps *= np.where(better, GROWTH, SHRINKAGE)
    return z, gains


def _gains(
    X: Float64[np.ndarray, "n d"],
    c: Float64[np.ndarray, " n"],
    signs: SignClass,
    z: Float64[np.ndarray, "s m d"],
) -> tuple[Float64[np.ndarray, " s"], Float64[np.ndarray, "s m d"]]:
    """Return gains and their slopes."""
    along = z @ X.T
    inner = np.einsum("smn,m->sn", np.maximum(along, 0.0), signs.signs)
    weights = (inner > 0.0) * c
    slopes = ((along > 0.0) * weights[:, None, :] * signs.signs[:, None]) @ X
    return np.maximum(inner, 0.0) @ c, slopes
