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
from relaxgap.numerics.limits import MAX_LISTED_PATTERNS
from relaxgap.numerics.rows import unit_rows
from relaxgap.patterns.arrangement_tree import arrangement_witnesses
from relaxgap.patterns.counting import count_of, format_count
from relaxgap.patterns.hyperplanes import distinct_hyperplanes
from relaxgap.patterns.pattern_set import (
    PatternSet,
    digest_of,
    first_occurrences,
    patterns_of_gates,
)

_CHUNK_ENTRIES = 1 << 20


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
        doubt (it is then left out) or rows under- or overflow; the patterns returned are distinct
        and produced by their gates in any case.

    Raises
    ------
    EnumerationLimitError
        If the arrangement may hold more than ``limit`` patterns; raised before enumerating.

    Notes
    -----
    Exact up to a documented tolerance: a point whose direction lies within
    `relaxgap.patterns.hyperplanes.TOLERANCE` (1e-12) of the span of others counts as lying in it,
    so hyperplanes closer than that are one, and cells thinner than that are not counted.

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
            "Sample patterns instead (--patterns gaussian:N), or raise the limit (--limit, in a "
            "config patterns.limit)."
        )
    if predicted.rank == 0:
        gates = np.eye(1, X.shape[1])
    else:
        gates = arrangement_witnesses(hyperplanes.normals) @ hyperplanes.basis
    clear = _stand_clear(unit_rows(X), gates)
    complete = _is_within_range(X) and bool(np.all(clear))
    if not complete:
        gates = gates[clear]
    packed = patterns_of_gates(X, gates, chunk=max(1, _CHUNK_ENTRIES // X.shape[0]))
    if np.unique(_fingerprints(packed)).size < packed.shape[0]:
        kept = first_occurrences(packed)
        complete = complete and kept.size == packed.shape[0]
        packed, gates = packed[kept], gates[kept]
    digest = digest_of(X) if complete else ""
    return PatternSet(packed, gates, X.shape[0], complete, digest)


def _is_within_range(X: Float64[np.ndarray, "n d"]) -> bool:
    """Whether products of nonzero rows with unit gates neither overflow nor lose bits below."""
    peaks = np.max(np.abs(X), axis=1)
    double = np.finfo(np.float64)
    smallest = np.min(peaks, where=peaks > 0.0, initial=1.0)
    return bool(smallest >= double.tiny / double.eps and np.max(peaks) <= double.max / X.shape[1])


def _stand_clear(
    rows: Float64[np.ndarray, "m d"], gates: Float64[np.ndarray, "P d"]
) -> Bool[np.ndarray, " P"]:
    """Mark unit gates whose side of every unit row is beyond doubt, in any summation order."""
    clear = np.ones(gates.shape[0], dtype=bool)
    # twice the bound d eps |x| |h| on a dot product, once for each of two ways to evaluate it
    doubt = 4.0 * (rows.shape[1] + 2) * np.finfo(np.float64).eps
    chunk = max(1, _CHUNK_ENTRIES // max(1, rows.shape[0]))
    for start in range(0, gates.shape[0], chunk):
        checkpoint()
        margins = np.abs(gates[start : start + chunk] @ rows.T)
        clear[start : start + chunk] = np.min(margins, axis=1, initial=1.0) > doubt
    return clear


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
