"""The certified ratios at several strengths, where those were bracketed."""

import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate
from relaxgap.drawing.numbers import scientific, span
from relaxgap.drawing.strengths import at_common_sizes, draw_strengths, strengths_title
from relaxgap.experiments.certified_gap.ratios import ENDS, over_bracket


def draw_by_strength(summary: pd.DataFrame, _statistics: pd.DataFrame) -> Figure:
    """Draw the ratios over the lower bound, at an aspect ratio and the sizes of every strength."""
    ratios = over_bracket(summary, every_strength=True)
    strengths = ratios["beta_fraction"].nunique(dropna=False)
    aspects = ratios.groupby("aspect")["beta_fraction"].nunique(dropna=False)
    everywhere = ratios[ratios["aspect"].map(aspects) == strengths]
    shared = at_common_sizes(everywhere[everywhere["aspect"] == everywhere["aspect"].mode()[0]])
    low, high = (shared[end] for end in ENDS)
    counts = shared.groupby(["beta_fraction", "n"], dropna=False)["seed"].nunique()
    figure = draw_strengths(shared, ENDS[1])
    annotate(
        figure,
        strengths_title(shared, ENDS[1]),
        f"{shared['data'].iloc[0]}, $n/d={shared['aspect'].iloc[0]:g}$; ratios over the lower "
        f"bound, at most {scientific((high / low).max() - 1.0)} above those over the best network; "
        f"lines are medians over {span(counts)} seeds.",
    )
    return figure
