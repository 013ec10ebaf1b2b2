"""The panels of the coupling lemma: changed fractions on logarithmic axes."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from relaxgap.drawing.marks import Band, draw_band, draw_medians, quartiles, ticks_at
from relaxgap.drawing.methods import method_name
from relaxgap.drawing.preserved_runs import INSTANCE, widest_sweep
from relaxgap.drawing.style import COLOURS, GREY
from relaxgap.experiments.coupling_lemma.slopes import MATCHED, MEASURES

FLOOR = 1e-4
"""Lowest end of a logarithmic axis of fractions."""
Panel = partial[str]


def draw_panels(figure: Figure, panels: list[Panel]) -> tuple[list[Axes], list[str]]:
    """Draw panels in a row, on one logarithmic axis of fractions; return them and their titles."""
    drawn = list(figure.subplots(1, len(panels), squeeze=False)[0])
    titles, ends = [], []
    for axes, panel in zip(drawn, panels, strict=True):
        titles.append(panel(axes))
        # all start at nothing changed on the way: their ends decide what is shown
        if panel.func is not _draw_way or len(panels) == 1:
            ends += [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
    values = np.concatenate(ends)
    low = 0.6 * np.min(values[values > 0.0], initial=1.0)
    drawn[0].set_ylabel("fraction changed")
    for axes in drawn:
        # first the limits: what is fitted to data may be all zero
        axes.set_ylim(max(low, FLOOR), 1.15)
        axes.set_yscale("log")
        axes.tick_params(labelleft=axes is drawn[0])
    return drawn, titles


def width_panels(gd: pd.DataFrame) -> list[Panel]:
    """Return a panel of one method against the width for each data set."""
    return [partial(_draw_widths, rows=rows) for _, rows in gd.groupby(INSTANCE, sort=False)]


def _draw_widths(axes: Axes, rows: pd.DataFrame) -> str:
    _draw_measures(axes, rows, "width")
    bits = rows.groupby("width")["bits_changed"].median()
    if len(bits) > 1 and (bits > 0.0).all():
        widths = bits.index.to_numpy(dtype=float)
        level = np.exp(np.mean(np.log(bits) + 0.5 * np.log(widths)))
        axes.plot(widths, 0.6 * level / np.sqrt(widths), "-.", color=GREY, linewidth=1.0)
    _label_widths(axes, rows)
    row = rows.iloc[0]
    return f"{_data_name(rows)}\n$n={row['n']}$, $d={row['d']}$"


def _draw_measures(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    for index, (measure, (name, sure)) in enumerate(MEASURES.items()):
        draw_medians(axes, rows, x, measure, index, name)
        bound = rows.groupby(x)[sure].median()
        axes.plot(bound.index, bound, "--", color=COLOURS[index], linewidth=0.9)
    axes.set_xscale("log")


def method_panels(plain: pd.DataFrame, colours: dict[str, str]) -> list[Panel]:
    """Return the panel of the data set on which there is more than one method, if there is."""
    rows = widest_sweep(plain, "method", INSTANCE, least=2)
    return [] if rows is None else [partial(_draw_methods, rows=rows, colours=colours)]


def _draw_methods(axes: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> str:
    for method, colour in colours.items():
        of_method = widest_sweep(rows[rows["method"] == method], "width", ["learning_rate"])
        if of_method is not None:
            for index, measure in enumerate(MEASURES):
                _draw_line(axes, quartiles(of_method, "width", measure), colour, index)
    axes.set_xscale("log")
    _label_widths(axes, rows)
    return f"at the matched loss\n{_data_name(rows)}"


def _draw_line(axes: Axes, band: Band, colour: str, index: int) -> None:
    draw_band(axes, band, index, alpha=0.15, color=colour)


def way_panels(rows: pd.DataFrame, colours: dict[str, str]) -> list[Panel]:
    """Return the panel of the runs that are logged on the way, if there are such."""
    way = rows[rows["on_the_way"] & (rows["step"] > 0) & np.isfinite(rows["loss_ratio"])]
    way = way[(way["init_scale"] == 1.0) & (way["step_factor"] == 1.0)]
    # several widths or data sets would be several figures
    one = widest_sweep(way, "method", [*INSTANCE, "width"])
    return [] if one is None else [partial(_draw_way, rows=one, colours=colours)]


def _draw_way(axes: Axes, rows: pd.DataFrame, colours: dict[str, str]) -> str:
    for method, of_method in rows.groupby("method"):
        losses = of_method.groupby("step")["loss_ratio"].median()
        for index, measure in enumerate(MEASURES):
            band = replace(quartiles(of_method, "step", measure), places=losses.to_numpy())
            _draw_line(axes, band, colours[str(method)], index)
    axes.set_xscale("log")
    axes.axvline(MATCHED, color="black", linewidth=0.8, linestyle="--")
    # far beyond the matched loss nothing changes any more
    axes.set_xlim(1.3, max(0.7 * rows["loss_ratio"].min(), 0.01 * MATCHED))
    axes.set_xlabel("loss over the initial one (vertical: matched)")
    return f"on the way, $m={rows['width'].iloc[0]}$\n{_data_name(rows)}"


def factor_panels(reached: pd.DataFrame, gd: pd.DataFrame) -> list[Panel]:
    """Return the panels against the step size and the initial scale, where they vary."""
    of_method = reached[reached["method"].isin(gd["method"])]
    panels: list[Panel] = []
    steps = widest_sweep(
        of_method[of_method["init_scale"] == 1.0], "learning_rate", [*INSTANCE, "width"], least=2
    )
    if steps is not None:
        panels.append(
            partial(
                _draw_factor, rows=steps, x="learning_rate", name=r"step size times width, $\eta m$"
            )
        )
    scales = widest_sweep(
        of_method[of_method["step_factor"] == 1.0],
        "init_scale",
        [*INSTANCE, "width", "learning_rate"],
        least=2,
    )
    if scales is not None:
        name = r"initial scale, $\sigma\sqrt{m}$"
        panels.append(partial(_draw_factor, rows=scales, x="init_scale", name=name))
    return panels


def _draw_factor(axes: Axes, rows: pd.DataFrame, x: str, name: str) -> str:
    _draw_measures(axes, rows, x)
    ticks_at(axes, np.sort(rows[x].unique()), ".4g")
    axes.set_xlabel(name)
    return f"{method_name(rows['method'].iloc[0])}, $m={rows['width'].iloc[0]}$\n{_data_name(rows)}"


def _label_widths(axes: Axes, rows: pd.DataFrame) -> None:
    widths = np.sort(rows["width"].unique())
    # every other one where they are close
    kept = widths[::-1][:: 2 if len(widths) > 4 else 1][::-1]
    axes.set_xticks(kept, [f"{width}" for width in kept])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("width $m$")


def _data_name(rows: pd.DataFrame) -> str:
    return str(rows["data"].iloc[0])
