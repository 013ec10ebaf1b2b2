"""How fast changed fractions fall with the width: the statistics of the coupling lemma."""

import pandas as pd

from relaxgap.drawing.preserved_runs import (
    INSTANCE,
    matched_ends,
    relative_losses,
    slope_in_width,
    with_changes,
)

MATCHED = 0.01
"""Fraction of its initial loss at which a run of the experiment stops."""
MEASURES = {
    "bits_changed": ("activations", "sure_bits"),
    "neurons_changed": ("whole patterns", "sure_neurons"),
}
SWEEP = [*INSTANCE, "method", "learning_rate", "init_scale"]
"""Columns that runs of one sweep over the width share."""


def statistics(summary: pd.DataFrame) -> pd.DataFrame:
    """Fit the slope of every measure in every sweep at the matched loss.

    Returns
    -------
    DataFrame
        Columns `SWEEP`; ``measure``: ``bits_changed`` (activations) or ``neurons_changed`` (whole
        patterns); ``slope``: the mean over seeds of the slope of the log of the changed fraction in
        log width, missing for one width or a fraction of zero; ``standard_error`` over seeds,
        missing for one seed.
    """
    ends = matched_ends(relative_losses(with_changes(summary)), MATCHED)
    rows = []
    for sweep, runs in ends[ends["matched"]].groupby(SWEEP, sort=False):
        for measure in MEASURES:
            slope, error = slope_in_width(runs, measure)
            row = {"measure": measure, "slope": slope, "standard_error": error}
            rows.append(dict(zip(SWEEP, sweep, strict=True)) | row)
    return pd.DataFrame(rows, columns=[*SWEEP, "measure", "slope", "standard_error"])


def slopes_of(runs: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Return slope and standard error, a measure a row, of the sweep that the runs are of."""
    same = pd.Series(True, index=statistics.index)
    for column in SWEEP:
        same &= statistics[column] == runs[column].iloc[0]
    return statistics[same].set_index("measure")[["slope", "standard_error"]]
