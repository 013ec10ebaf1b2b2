"""The links of the chain against the number of samples: which of them grow."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from relaxgap.drawing.headline import annotate, name_panels
from relaxgap.drawing.legends import legend_above
from relaxgap.drawing.marks import draw_medians, label_factors
from relaxgap.drawing.numbers import samples_of
from relaxgap.drawing.sizes_axis import label_sizes
from relaxgap.drawing.style import GREY, new_figure
from relaxgap.experiments.gap_chain.growth import FIRST_SIZES, MAIN, growth_of, statistics
from relaxgap.experiments.gap_chain.links import with_links
from relaxgap.theory.gordon import all_directions_limit

__all__ = ["FIGURES", "statistics", "table"]

HEADROOM = 0.35
LINKS = {
    "split": r"$\tilde p^*/\tilde p_g$ (Proposition 5)",
    "slack": r"Proposition 3 over $\tilde p_g$",
    "below": "Proposition 3 over Proposition 4: half of (7) or more",
    "direct": r"$\tilde p^*$ over Proposition 4: bounds $\tilde p^*/p^*$",
}


def draw(summary: pd.DataFrame, statistics: pd.DataFrame) -> Figure:
    """Draw the splitting link by labels and aspect ratio, and all links at c = 2."""
    frame = with_links(summary)
    main = frame[frame["size_rule"] == MAIN]
    figure = new_figure(3.4)
    left, right = figure.subplots(1, 2)
    sizes = np.sort(main["n"].unique())
    series = main[["data", "c"]].drop_duplicates().itertuples(index=False, name=None)
    for index, (label, c) in enumerate(sorted(series)):
        rows = main[(main["data"] == label) & (main["c"] == c)]
        draw_medians(left, rows, "n", "split", index, _name(label, c))
    fewest = main.loc[main["n"] == sizes[0], "split"].median()
    root = np.sqrt(np.log(2.0 * sizes) / np.log(2.0 * sizes[0]))
    left.plot(sizes, fewest * root, ":", color=GREY, label=r"grows as $\sqrt{\log 2n}$")
    chosen = main[(main["c"] == 2.0) & (main["data"] == main["data"].iloc[0])]
    for index, (column, name) in enumerate(LINKS.items()):
        draw_medians(right, chosen, "n", column, index, name)
    label_factors(right)
    for axes in (left, right):
        label_sizes(axes, sizes)
    left.set_ylabel(r"relaxation over gated optimum")
    right.set_ylabel("factor")
    name_panels((left, right), ("the link with the logarithm", "all links, $n = 2d$"))
    low, high = left.get_ylim()
    left.set_ylim(low, high + HEADROOM * (high - low))
    left.legend(loc="upper left", fontsize=6.5, ncols=2)
    legend_above(figure, right.get_legend_handles_labels()[0], columns=2)
    annotate(figure, _title(main), _caption(main), _growth(main, statistics))
    return figure


FIGURES = {"": draw}


def _name(label: str, c: float) -> str:
    kind = label.rpartition(", ")[2].removesuffix(" labels")
    return f"{kind}, ${samples_of(c)}$"


def _growth(main: pd.DataFrame, statistics: pd.DataFrame) -> str:
    """Say what weight laws of growth with a limit have, from each of the first sizes on."""
    parts = []
    series = main[["data", "c"]].drop_duplicates().itertuples(index=False, name=None)
    for label, c in sorted(series):
        found = [growth_of(statistics, label, c, first) for first in FIRST_SIZES]
        weights = [f"{growth.fits.bounded_weight:.2f}" for growth in found if growth is not None]
        if len(weights) == len(found):
            parts.append(f"{' and '.join(weights)} ({_name(label, c)})")
    if not parts:
        return ""
    return (
        f"Of seven laws of growth those with a limit have AICc weight {', '.join(parts)}, fitted "
        f"from n = {' and '.join(map(str, FIRST_SIZES))} on."
    )


def _title(main: pd.DataFrame) -> str:
    """Say how the splitting link and its growth compare with a root of the logarithm."""
    medians = main.groupby(["data", "c", "n"])["split"].median()
    first, last = main["n"].min(), main["n"].max()
    parts = [rows for _, rows in medians.groupby(["data", "c"])]
    growth = max(float(rows.iloc[-1] / rows.iloc[0]) for rows in parts)
    return (
        rf"$\tilde p^*/\tilde p_g$, in which alone the logarithm enters, is at most "
        f"{main['split'].max():.2f} on {len(main)} instances; its medians grow by a factor of "
        f"at most {growth:.2f} from n = {first} to {last}"
    )


def _caption(main: pd.DataFrame) -> str:
    limits = ", ".join(
        f"{all_directions_limit(c):.1f} (c = {c:g})" for c in sorted(main["c"].unique())
    )
    return (
        f"{MAIN} gates, {main['beta_fraction'].iloc[0]:g} of the strength at which zero is "
        f"optimal; medians over {main['seed'].nunique()} seeds, quartiles from five on. Whatever "
        f"n, the cones' sharpness, which bounds this link, is at most {limits}."
    )


def table(summary: pd.DataFrame, _statistics: pd.DataFrame) -> pd.DataFrame:
    """Return medians over seeds of every link by labels, aspect ratio, sample and size."""
    columns = ["split", "block_sharpness", *list(LINKS)[1:], "eq7_bound"]
    return with_links(summary).groupby(["data", "c", "size_rule", "n"])[columns].median()
