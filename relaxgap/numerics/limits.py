"""Sizes of work: above one of these another way is taken, or the work is refused in a sentence.

A list of P patterns of n samples is *P n pattern bits*.
"""

CHUNK_ENTRIES = 1 << 17
"""Entries of an array of work in a loop over chunks: a megabyte.

It stays in the cache of a core, and the memory is used again: arrays of tens of megabytes are given
back to the system and mapped anew at every turn, which takes several times the arithmetic.
"""


def rows_at_once(row_entries: int) -> int:
    """Return how many rows of so many entries an array of work holds: at least one."""
    return max(1, CHUNK_ENTRIES // max(1, row_entries))


MAX_LISTED_PATTERNS = 2_000_000
"""Patterns that are enumerated unless more are asked for: a list with gates of some hundred MB."""

MAX_PRICED_PATTERNS = 2_200_000
"""Patterns that the global optimum prices one by one: all of 22 samples in 11 dimensions."""

MAX_BITS_SOLVED_AT_ONCE = 1_000_000
"""Pattern bits up to which the program over all patterns is solved without being asked to.

Minutes at most, and less than a bracket over all patterns would take.
"""

MAX_BITS_SOLVED_FIRST = 100_000
"""Pattern bits up to which the global optimum begins with the program over all patterns.

A second or two, which every search for networks would take as well.
"""

MAX_BITS_SOLVED_EXACTLY = 5_000_000
"""Pattern bits up to which an experiment solves the program over all patterns as one program."""

MAX_BITS_WITH_MULTIPLIERS = 20_000_000
"""Pattern bits up to which the multipliers of all cones are kept, a float64 a bit and sign."""

MAX_LIFTED_SAMPLES = 1500
"""Samples up to which the matrices of the lifted relaxation, of order 1 + d + 2 n, fit."""
