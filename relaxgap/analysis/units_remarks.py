"""What is said of data in natural units: gates that meet few patterns, and what would help."""

from collections.abc import Iterator

import numpy as np

from relaxgap.analysis.pattern_choice import PatternChoice, n_gates_of
from relaxgap.analysis.preparation import Prepared
from relaxgap.patterns import PatternSet, predicted_count

FEW = 0.5
"""Patterns over gates, or over all that there are, below which they are few."""
LOOKED_AT = 10_000
"""Rows that tell of an offset, spread over the table: those of a file are not read for it."""
FAR = 10.0
"""Offset of a column, in its standard deviations, beyond which it dominates."""


def remarks_on(prepared: Prepared, choice: PatternChoice, patterns: PatternSet) -> Iterator[str]:
    """Say in one line each what units do to sampled gates, and which argument helps.

    Parameters
    ----------
    prepared : Prepared
        The problem.
    choice : str, int or PatternSet
        What was asked for.
    patterns : PatternSet
        What came of it.
    """
    if prepared.scaling is not None:
        return
    n_gates = n_gates_of(choice)
    if n_gates == 0:
        return
    # all that there may be are counted, which takes the rows, only where gates met few
    few = patterns.n_patterns < FEW * n_gates
    few = few and patterns.n_patterns < FEW * predicted_count(prepared.data.X).cover_count
    X = prepared.scaled_rows
    X = X[:: max(len(X) // LOOKED_AT, 1)]
    spread = X.std(axis=0)
    varies = spread > 0.0
    offsets = np.abs(X.mean(axis=0)[varies]) / spread[varies]
    if few:
        yield (
            f"{n_gates} gates met only {patterns.n_patterns} patterns of the rows, so that the "
            "network is nearly linear: bring the columns to one size without an offset, "
            "standardize=True."
        )
    elif offsets.size and float(offsets.max()) > FAR:
        yield (
            f"A column has an offset of {float(offsets.max()):.3g} times its spread, which most "
            "gates see in place of the rows: take standardize=True."
        )
