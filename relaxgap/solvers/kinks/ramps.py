"""Piecewise linear functions as the cheapest ramps that add up to them."""

import numpy as np
from jaxtyping import Float64, Int

from relaxgap.problems.one_column import OneColumnProgram, Ramps


def ramps_of(
    program: OneColumnProgram,
    at: Int[np.ndarray, " K"],
    changes: Float64[np.ndarray, " K"],
    left: float,
) -> Ramps:
    """Return ramps of the program's depth for knots, the changes of slope there, and a value."""
    if at.size < 2:
        return Ramps.none(left)
    made = _with_an_end(at, changes) if program.depth == 2 else _nested(at, changes)
    found = [(first, last, size) for first, last, size in made if size != 0.0]
    first, last, size = zip(*found, strict=True) if found else ((), (), ())
    return Ramps(
        np.array(first, dtype=np.intp), np.array(last, dtype=np.intp), np.array(size, float), left
    )


def _with_an_end(
    at: Int[np.ndarray, " K"], changes: Float64[np.ndarray, " K"]
) -> list[tuple[int, int, float]]:
    """Return a ramp for each inner knot, from it to the right or from the left to it.

    Those from the left add up to the first slope, as far as knots of one sign go; what is missing
    is linear.
    """
    begin, end = int(at[0]), int(at[-1])
    missing, made = float(changes[0]), []
    for knot, change in zip(at[1:-1].tolist(), changes[1:-1].tolist(), strict=True):
        # a ramp that ends here lowers the slope by its own
        size = 0.0
        if change * missing < 0.0:
            size = min(missing, -change) if missing > 0.0 else max(missing, -change)
        missing -= size
        made += [(begin, knot, size), (knot, end, change + size)]
    return [*made, (begin, end, missing)]


def _nested(
    at: Int[np.ndarray, " K"], changes: Float64[np.ndarray, " K"]
) -> list[tuple[int, int, float]]:
    """Return ramps from each knot where the slope leaves 0 to the one where it comes back."""
    open_: list[tuple[int, float]] = []
    made = []
    for knot, change in zip(at.tolist(), changes.tolist(), strict=True):
        while change != 0.0 and open_ and open_[-1][1] * change < 0.0:
            first, rest = open_.pop()
            size = min(rest, -change) if rest > 0.0 else max(rest, -change)
            made.append((first, knot, size))
            change += size
            if rest != size:
                open_.append((first, rest - size))
        if change != 0.0:
            open_.append((knot, change))
    # what is still open is rounding
    return made
