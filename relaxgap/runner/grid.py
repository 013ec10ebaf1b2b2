"""From one config with axes to the cells of its grid."""

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.experiment import Experiment
from relaxgap.experiments.parts.cell import Cell
from relaxgap.runner.axes import Assignments, axes_of, axis_naming, combinations, expanded
from relaxgap.runner.cells import CellsOfGrid
from relaxgap.runner.changed_settings import setting, with_settings
from relaxgap.runner.config import checked, chosen_experiment
from relaxgap.runner.nearest import unknown
from relaxgap.runner.options import CHOICES, ChosenOptions, OptionsOfGrid


@dataclass(frozen=True, slots=True)
class GridPoint:
    """Hold one cell with its experiment, its cache key and a label for people."""

    experiment: Experiment
    cell: Cell[Any]
    key: str
    label: str


def grid_points(config: Mapping[str, Any], fixed: Collection[str] = ()) -> list[GridPoint]:
    """Expand the axes of a plain config (see `relaxgap.runner.axes`) into cells, in grid order.

    Parameters
    ----------
    config : mapping
        The composed config, not yet checked.
    fixed : collection of str
        Paths the user set by hand: they win over an axis of the same path, and over that setting
        of every option of an axis of options.

    Raises
    ------
    ConfigurationError
        For an unknown key, a value out of range or an axis that is not a list.
    """
    base = checked(config)
    experiment = chosen_experiment(base)
    axes = axes_of(base["grid"], base["scale"])
    axes = {path: values for path, values in axes.items() if path not in fixed}
    # the axes themselves are checked once: they are most of a config
    options = OptionsOfGrid({name: part for name, part in base.items() if name != "grid"}, fixed)
    cells = CellsOfGrid(experiment)
    points: dict[str, GridPoint] = {}
    unused = {path for path in fixed if "." in path and path.partition(".")[0] in CHOICES}
    for assigned in combinations(axes, fixed):
        for chosen in options.chosen(assigned):
            unused -= chosen.taken
            for settings in _settings_of(chosen, assigned, axes, fixed):
                cell, key = cells.make(with_settings(chosen.config, settings))
                values = {**chosen.options, **settings}
                label = " ".join(_label(path, values[path], fixed) for path in assigned)
                points.setdefault(key, GridPoint(experiment, cell, key, label or "single cell"))
    if unused:
        path = min(unused)
        axis = path.partition(".")[0]
        raise ConfigurationError(
            f"Expected a setting of an option on the grid axis {axis}, got {path!r}, which none of "
            f"them has; choose one option with {axis}=..."
        )
    return list(points.values())


def _settings_of(
    chosen: ChosenOptions,
    assigned: Assignments,
    axes: Mapping[str, list[Any]],
    fixed: Collection[str],
) -> Iterator[Assignments]:
    """Yield the product of the lists in an assignment, which is one point for most."""
    settings = {path: value for path, value in assigned.items() if path not in CHOICES}
    for path in settings:
        group = path.partition(".")[0]
        if path not in chosen.keys and group in fixed:
            raise ConfigurationError(
                f"Expected a grid axis of the chosen {group} option, got {path!r}, which it does "
                f"not have; drop the axis with '~grid.{axis_naming(path, axes)}'."
            )
        if path not in chosen.keys:
            raise ConfigurationError(unknown("grid axis", path, chosen.keys))
    lists = (expanded(value, setting(chosen.config, path)) for path, value in settings.items())
    for values in itertools.product(*lists):
        yield dict(zip(settings, values, strict=True))


def _label(path: str, value: Any, fixed: Collection[str]) -> str:
    if isinstance(value, Mapping):
        inner = {f"{path}.{key}": item for key, item in value.items()}
        return " ".join(_label(key, item, fixed) for key, item in inner.items() if key not in fixed)
    return f"{path}={'+'.join(map(str, value)) if isinstance(value, list) else value}"
