"""Distinct activation patterns with the gates that produce them, stored as packed bits."""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int, UInt8

from relaxgap.numerics.clock import checkpoint
from relaxgap.numerics.limits import CHUNK_ENTRIES, rows_at_once

ROWS_AT_ONCE = 4096
"""Of data too long for one gate at a time; a multiple of eight, the bits of a byte."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternSet:
    """Hold ``P`` distinct activation patterns of ``n`` samples.

    Parameters
    ----------
    packed : (P, ceil(n / 8)) uint8
        The patterns as packed bits (``numpy.packbits`` along the samples), so that an enumeration
        of a million patterns of a thousand samples fits in 125 MB.
    gates : (P, d) float64
        ``gates[i]`` produces ``patterns[i]``: ``X @ gates[i] >= 0``; zero counts as active.
    n : int
        Number of samples.
    complete : bool
        Whether these are *all* open cells of the arrangement: a program over them is exact.
    data_digest : str
        SHA-256 of the data that they are all the patterns of; empty if they do not claim that.
    shift : (d,) float64, optional
        Most that each entry of a unit direction changes on the way from a cell that rounding may
        have merged to the one it was merged into; None where nothing was merged.
    """

    packed: UInt8[np.ndarray, "P bytes"]
    gates: Float64[np.ndarray, "P d"]
    n: int
    complete: bool = False
    data_digest: str = ""
    shift: Float64[np.ndarray, " d"] | None = None

    @property
    def n_patterns(self) -> int:
        """Number of distinct patterns, ``P``."""
        return int(self.packed.shape[0])

    @property
    def patterns(self) -> Bool[np.ndarray, "P n"]:
        """Every pattern as booleans, ``P * n`` bytes: read slices of a large set with `unpack`."""
        return self.unpack(slice(None))

    def unpack(self, rows: slice | Int[np.ndarray, " k"]) -> Bool[np.ndarray, "k n"]:
        """Return the chosen patterns as booleans."""
        return np.unpackbits(self.packed[rows], axis=1, count=self.n).astype(bool)

    def unpack_samples(
        self, rows: slice | Int[np.ndarray, " k"], samples: slice
    ) -> Bool[np.ndarray, "k m"]:
        """Return the chosen patterns at samples from a multiple of eight on."""
        return bits_at(self.packed, rows, samples).astype(bool)

    def subset(self, rows: Int[np.ndarray, " k"]) -> "PatternSet":
        """Keep the chosen patterns, in the order given; the result does not claim completeness."""
        return PatternSet(self.packed[rows], self.gates[rows], self.n)


def bits_at(
    packed: UInt8[np.ndarray, "P bytes"], rows: slice | Int[np.ndarray, " k"], samples: slice
) -> UInt8[np.ndarray, "k m"]:
    """Return bits of the chosen patterns at samples from a multiple of eight on."""
    some = packed[rows, samples.start // 8 : (samples.stop + 7) // 8]
    return np.unpackbits(some, axis=1, count=samples.stop - samples.start)


def digest_of(X: Float64[np.ndarray, "n d"]) -> str:
    """Return the SHA-256 of a data matrix."""
    digest = hashlib.sha256(repr(X.shape).encode())
    digest.update(np.ascontiguousarray(X).data)
    return digest.hexdigest()


def patterns_of_gates(
    X: Float64[np.ndarray, "n d"], gates: Float64[np.ndarray, "P d"]
) -> UInt8[np.ndarray, "P bytes"]:
    """Return the packed patterns ``X @ gates[i] >= 0``, a chunk of gates or of rows at a time."""
    packed = np.empty((gates.shape[0], (X.shape[0] + 7) // 8), dtype=np.uint8)
    if X.shape[0] > CHUNK_ENTRIES:
        # rows may be in a file, which is read once
        for start in range(0, X.shape[0], ROWS_AT_ONCE):
            checkpoint()
            active = gates @ X[start : start + ROWS_AT_ONCE].T >= 0.0
            packed[:, start // 8 : start // 8 + (active.shape[1] + 7) // 8] = np.packbits(
                active, axis=1
            )
        return packed
    chunk = rows_at_once(X.shape[0])
    for start in range(0, gates.shape[0], chunk):
        checkpoint()
        active = gates[start : start + chunk] @ X.T >= 0.0
        packed[start : start + chunk] = np.packbits(active, axis=1)
    return packed


def first_occurrences(packed: UInt8[np.ndarray, "P bytes"]) -> Int[np.ndarray, " k"]:
    """Return the indices of the first occurrence of each distinct row, in increasing order."""
    return distinct_rows(packed)[0]


def distinct_rows(
    packed: UInt8[np.ndarray, "P bytes"],
) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " P"]]:
    """Return the index of the first occurrence of each distinct row, and each row's among these.

    The distinct rows are in the order in which they occur first.
    """
    if packed.shape[0] == 0 or packed.shape[1] == 0:
        return np.arange(min(packed.shape[0], 1)), np.zeros(packed.shape[0], dtype=np.intp)
    rows = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, sorted_place = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return first[order], place[sorted_place]


def pattern_set_from_gates(
    X: Float64[np.ndarray, "n d"], gates: Float64[np.ndarray, "P d"]
) -> PatternSet:
    """Build the set of distinct patterns of the given gates; a pattern's first gate is kept."""
    packed = patterns_of_gates(X, gates)
    kept = first_occurrences(packed)
    return PatternSet(packed[kept], gates[kept], X.shape[0])
