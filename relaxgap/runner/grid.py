"""From one config with axes to the cells of its grid."""

import copy
import hashlib
import itertools
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.experiment import Experiment
from relaxgap.experiments.parts.cell import Cell
from relaxgap.runner.axes import Assignments, axes_of, axis_naming, combinations, expanded
from relaxgap.runner.config import (
    DATA_SOURCES,
    cell_of,
    checked,
    checked_again,
    chosen_experiment,
    known_keys,
)
from relaxgap.runner.config_files import load_option
from relaxgap.runner.nearest import unknown
from relaxgap.runner.schema import plain

CHOICES = ("data", "training")
"""Groups whose options may be the values of an axis."""


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
    bare = {name: part for name, part in base.items() if name != "grid"}
    points: dict[str, GridPoint] = {}
    unused = {path for path in fixed if "." in path and path.partition(".")[0] in CHOICES}
    for assigned in combinations(axes, fixed):
        for chosen, point in _with_options(bare, assigned):
            unused -= _put_back(bare, point, chosen, fixed)
            for settings in _settings_of(point, assigned, axes, fixed):
                cell = cell_of(_with_settings(point, settings))
                values = {**chosen, **settings}
                label = " ".join(_label(path, values[path], fixed) for path in assigned)
                key = cell_key(experiment, cell)
                points.setdefault(key, GridPoint(experiment, cell, key, label or "single cell"))
    if unused:
        path = min(unused)
        axis = path.partition(".")[0]
        raise ConfigurationError(
            f"Expected a setting of an option on the grid axis {axis}, got {path!r}, which none of "
            f"them has; choose one option with {axis}=..."
        )
    return list(points.values())


def cell_key(experiment: Experiment, cell: Cell[Any]) -> str:
    """Return the hash of everything that decides a cell's numbers, and of nothing else."""
    kinds = {source: kind for kind, source in DATA_SOURCES.items()}
    content = {
        "experiment": experiment.name,
        "results_version": experiment.results_version,
        "kind": kinds[type(cell.data)],
        "files": cell.data.fingerprint(),
        **plain(cell),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def _with_options(
    bare: Mapping[str, Any], assigned: Assignments
) -> Iterator[tuple[Assignments, dict[str, Any]]]:
    """Yield each choice of options that an assignment stands for, and the config with it."""
    groups = [path for path in assigned if path in CHOICES]
    for options in itertools.product(*(expanded(assigned[group], None) for group in groups)):
        chosen = dict(zip(groups, options, strict=True))
        point = copy.deepcopy(dict(bare))
        for group, option in chosen.items():
            point[group] = load_option(group, option) if isinstance(option, str) else option
        # the settings that an option leaves at their defaults may be assigned too
        yield chosen, checked_again(point, groups)


def _put_back(
    bare: Mapping[str, Any], point: dict[str, Any], chosen: Assignments, fixed: Collection[str]
) -> set[str]:
    """Give the chosen options what the user set by hand, where they have it; say what they took."""
    taken = set()
    for path in fixed:
        group, dot, _ = path.partition(".")
        if dot and (group not in chosen or _copy_setting(bare, point, path)):
            taken.add(path)
    return taken


def _copy_setting(source: Mapping[str, Any], target: dict[str, Any], path: str) -> bool:
    """Copy one setting if both have it, and say so."""
    *parents, last = path.split(".")
    for parent in parents:
        if parent not in source or parent not in target:
            return False
        source, target = source[parent], target[parent]
    if last not in source or last not in target:
        return False
    target[last] = source[last]
    return True


def _settings_of(
    point: Mapping[str, Any],
    assigned: Assignments,
    axes: Mapping[str, list[Any]],
    fixed: Collection[str],
) -> Iterator[Assignments]:
    """Yield the product of the lists in an assignment, which is one point for most."""
    settings = {path: value for path, value in assigned.items() if path not in CHOICES}
    keys = [key for key in known_keys(point) if not key.startswith(("runner", "name"))]
    for path in settings:
        group = path.partition(".")[0]
        if path not in keys and group in fixed:
            raise ConfigurationError(
                f"Expected a grid axis of the chosen {group} option, got {path!r}, which it does "
                f"not have; drop the axis with '~grid.{axis_naming(path, axes)}'."
            )
        if path not in keys:
            raise ConfigurationError(unknown("grid axis", path, keys))
    lists = (expanded(value, _setting(point, path)) for path, value in settings.items())
    for values in itertools.product(*lists):
        yield dict(zip(settings, values, strict=True))


def _setting(point: Mapping[str, Any], path: str) -> Any:
    for part in path.split("."):
        point = point[part]
    return point


def _with_settings(point: Mapping[str, Any], settings: Assignments) -> dict[str, Any]:
    placed = copy.deepcopy(dict(point))
    for path, value in settings.items():
        parent, _, last = path.rpartition(".")
        node = _setting(placed, parent) if parent else placed
        is_list = isinstance(node[last], list)
        node[last] = [value] if is_list and not isinstance(value, list) else value
    return checked_again(placed, {path.partition(".")[0] for path in settings})


def _label(path: str, value: Any, fixed: Collection[str]) -> str:
    if isinstance(value, Mapping):
        inner = {f"{path}.{key}": item for key, item in value.items()}
        return " ".join(_label(key, item, fixed) for key, item in inner.items() if key not in fixed)
    return f"{path}={'+'.join(map(str, value)) if isinstance(value, list) else value}"
