"""All activation patterns of a data set, each with a gate that proves it.

The witnesses come from `relaxgap.patterns.arrangement_tree`; here they become gates whose patterns
are evaluated from scratch. A gate that does not stand clear of every hyperplane by more than
rounding error is dropped, so no pattern returned is in doubt. The result is complete only if no
gate was dropped and no two gates share a pattern: then there are as many patterns as cells, and a
misplaced witness would have shown up as a repeated pattern.
"""

import numpy as np
from jaxtyping import Bool, Float64, UInt8, UInt64

from relaxgap.errors import EnumerationLimitError
from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.limits import MAX_LISTED_PATTERNS, rows_at_once
from relaxgap.numerics.rounding import EPS, TINY
from relaxgap.patterns.arrangement_tree import arrangement_witnesses
from relaxgap.patterns.counting import count_of, format_count
from relaxgap.patterns.exact_columns import independent_columns
from relaxgap.patterns.hyperplanes import distinct_hyperplanes
from relaxgap.patterns.pattern_set import (
    PatternSet,
    digest_of,
    first_occurrences,
    patterns_of_gates,
)
from relaxgap.patterns.whole_numbers import dependencies_are_exact

CERTAIN = 1e-14
"""Largest distance that is 0 but for rounding: above it, cells that were merged may exist."""
MERGED_CELLS = 32.0
"""How far a cell that was merged is from one that was kept, over the largest distance merged."""


def enumerate_patterns(
    X: Float64[np.ndarray, "n d"], limit: int = MAX_LISTED_PATTERNS
) -> PatternSet:
    """Enumerate every open cell of the arrangement ``{u : x_i . u = 0}``.

    Parameters
    ----------
    X : (n, d) float64
        Data matrix, finite; any rank, with any repeated, parallel or zero rows, in any scaling.
    limit : int
        Largest acceptable value of Cover's count of the patterns.

    Returns
    -------
    PatternSet
        One pattern and one unit gate per cell. ``complete`` is false if rounding left a cell in
        doubt (it is then left out), a distance counted as 0 that is more than rounding, or rows
        under- or overflow; the patterns returned are distinct and produced by their gates in any
        case.

    Raises
    ------
    EnumerationLimitError
        If the arrangement may hold more than ``limit`` patterns; raised before enumerating.

    Notes
    -----
    In units where columns are of about the same size, a row whose direction lies within
    `relaxgap.patterns.hyperplanes.TOLERANCE` (1e-12) of the span of others counts as lying in it.
    Up to `CERTAIN` (1e-14) that is taken for the rounding of an exact dependency, and certificates
    leave room for it, unless rows of small whole numbers show that it is exact, or columns are
    exact combinations of others over which nothing is merged; from there on the set does not claim
    to be complete. In one column it is always exact. Where nothing was merged there are as many
    patterns as data in general position have, which proves that none is missing.

    Cost: O(P n d) time and O(P (n / 8 + d)) memory for P patterns.

    References
    ----------
    Cover (1965), Theorem 1, for the number of patterns in general position.
    """
    hyperplanes = distinct_hyperplanes(X)
    predicted = count_of(hyperplanes)
    if predicted.cover_count > limit:
        raise EnumerationLimitError(
            f"The full arrangement of n={X.shape[0]} points of rank {predicted.rank} can hold "
            f"{format_count(predicted.cover_count)} patterns, over the limit of {limit:,}. "
            "Sample patterns instead (solve and path: --patterns gaussian:N), or raise the limit "
            "(--limit, in a config patterns.limit)."
        )
    if predicted.rank == 0:
        gates, merged = np.eye(1, X.shape[1]), 0.0
    else:
        directions, merged = arrangement_witnesses(hyperplanes.normals)
        gates = hyperplanes.gates(directions)
    merged = max(merged, hyperplanes.merged)
    # in one dimension every row that is not zero has the same hyperplane, the origin
    one_plane = X.shape[1] == 1
    if one_plane or (merged <= CERTAIN and dependencies_are_exact(X / hyperplanes.units)):
        merged = 0.0
    clear, in_range = _stand_clear(X, gates)
    complete = in_range and merged <= CERTAIN and bool(np.all(clear))
    gates = gates if np.all(clear) else gates[clear]
    packed = patterns_of_gates(X, gates)
    if np.unique(_fingerprints(packed)).size < packed.shape[0]:
        kept = first_occurrences(packed)
        complete = complete and kept.size == packed.shape[0]
        packed, gates = packed[kept], gates[kept]
    if not complete:
        return PatternSet(packed, gates, X.shape[0])
    if merged > 0.0 and _has_cells_of_fewer_columns(X, hyperplanes.rank, packed.shape[0], limit):
        merged = 0.0
    units = hyperplanes.units
    shift = MERGED_CELLS * merged * (units.max() / units) if merged > 0.0 else None
    return PatternSet(packed, gates, X.shape[0], complete, digest_of(X), shift)


def _has_cells_of_fewer_columns(
    X: Float64[np.ndarray, "n d"], rank: int, n_patterns: int, limit: int
) -> bool:
    """Say whether other columns are exact combinations of some that have so many cells for sure."""
    if rank == X.shape[1]:
        return False
    columns = independent_columns(X)
    if columns is None or columns.size != rank:
        return False
    fewer = enumerate_patterns(np.ascontiguousarray(X[:, columns]), limit)
    return fewer.complete and fewer.shift is None and fewer.n_patterns == n_patterns


def _stand_clear(
    X: Float64[np.ndarray, "n d"], gates: Float64[np.ndarray, "P d"]
) -> tuple[Bool[np.ndarray, " P"], bool]:
    """Mark gates whose side of every row is beyond doubt, in any summation order.

    Also say whether all products of rows as they are with gates stay in the range of full
    precision.
    """
    rows = X[np.any(X != 0.0, axis=1)]
    # powers of two: products lose nothing, and what comes close to the range is seen apart
    peaks = np.exp2(np.frexp(np.abs(rows).max(axis=1, initial=0.0))[1].clip(-1022, 1023))
    rows = rows / peaks[:, None]
    # twice the bound d eps sum |x_j h_j| on a dot product, once for each of two ways to evaluate it
    doubt = 4.0 * (X.shape[1] + 2) * EPS
    double = np.finfo(np.float64)
    floor, in_range = double.tiny / EPS / peaks, bool(np.all(peaks <= double.max / X.shape[1]))
    clear = np.ones(gates.shape[0], dtype=bool)
    chunk = rows_at_once(rows.shape[0])
    for start in range(0, gates.shape[0], chunk):
        checkpoint()
        some = gates[start : start + chunk]
        margins = np.abs(some @ rows.T)
        # no entry of a row is above 2: that many lengths of a gate bound its sums with all of them
        largest = doubt * np.abs(some).sum(axis=1) + TINY
        near = np.flatnonzero(margins.min(axis=1, initial=np.inf) <= 2.0 * largest)
        sizes = np.abs(some[near]) @ np.abs(rows).T
        clear[start + near] = np.all(margins[near] > doubt * sizes + TINY, axis=1)
        in_range = in_range and bool(np.all(margins.min(axis=0) > floor))
    return clear, in_range


def _fingerprints(packed: UInt8[np.ndarray, "P bytes"]) -> UInt64[np.ndarray, " P"]:
    """Hash each row to 64 bits: distinct hashes prove distinct rows at a fraction of a sort."""
    hashes = np.zeros(packed.shape[0], dtype=np.uint64)
    word = np.zeros((packed.shape[0], 8), dtype=np.uint8)
    for start in range(0, packed.shape[1], 8):
        word[:] = 0
        block = packed[:, start : start + 8]
        word[:, : block.shape[1]] = block
        # the multiplier and shift of splitmix64 (Steele, Lea and Flood 2014)
        hashes ^= word.view(np.uint64).ravel()
        hashes *= np.uint64(0xBF58476D1CE4E5B9)
        hashes ^= hashes >> np.uint64(31)
    return hashes
