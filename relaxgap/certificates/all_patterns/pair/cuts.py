"""The combinations and the intervals that moments of one sign are asked to obey."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from relaxgap.certificates.all_patterns.pair.combinations import Combinations
from relaxgap.certificates.all_patterns.pair.intervals import Intervals


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Hold what moments of one sign are asked to obey.

    Parameters
    ----------
    combinations : Combinations
        Upper bounds of absolute moments by one another.
    intervals : Intervals
        Lower bounds.
    """

    combinations: Combinations
    intervals: Intervals

    @property
    def count(self) -> int:
        """How many they are."""
        return self.combinations.count + self.intervals.count

    def with_more(self, other: "Cuts") -> "Cuts":
        """Return these and others."""
        return Cuts(
            self.combinations.with_more(other.combinations),
            self.intervals.with_more(other.intervals),
        )

    def moved(self, kept: Bool[np.ndarray, " n"], places: Int[np.ndarray, " m"], n: int) -> "Cuts":
        """Return those of the rows that are kept, as ones of ``n`` rows, at their places."""
        combinations, _ = self.combinations.of_rows(np.flatnonzero(kept))
        intervals, _ = self.intervals.of_kept(kept)
        return Cuts(combinations.among(places, n), intervals.among(places))
