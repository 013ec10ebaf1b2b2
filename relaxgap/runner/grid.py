"""From one config with axes to the list of cells."""

import copy
import hashlib
import itertools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaxgap.data import FileData, MnistData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.catalogue import EXPERIMENTS
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.runner.config import (
    DATA_SOURCES,
    SCALES,
    cell_spec,
    checked,
    known_keys,
    load_option,
    unknown,
)
from relaxgap.runner.schema import plain

CHOICE_AXES = ("data", "training")


@dataclass(frozen=True, slots=True)
class Cell:
    """Hold one grid point with its cache key and a label for people."""

    spec: CellSpec
    key: str
    label: str


def cells_of(config: Mapping[str, Any], fixed: Collection[str] = ()) -> list[Cell]:
    """Expand the axes of a plain config into checked cells, in grid order.

    An axis is a list of values, or one list for each scale (``{ci: ..., default: ..., full:
    ...}``). An axis named ``data`` or ``training`` takes options of that config group. The values
    of an axis of another name may be mappings from settings (``data.n``) to their values, which
    then vary together.

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
    axes = _axes(base["grid"], base["scale"])
    axes = {path: values for path, values in axes.items() if path not in fixed}
    # the axes themselves are checked once: they are most of a config
    bare = {name: part for name, part in base.items() if name != "grid"}
    within = {path for path in fixed if path.partition(".")[0] in axes and "." in path}
    unused = set(within)
    cells: dict[str, Cell] = {}
    for values in itertools.product(*axes.values()):
        point = copy.deepcopy(bare)
        for path, value in zip(axes, values, strict=True):
            _place(point, path, value, fixed)
        point = checked(point)
        unused -= {path for path in within if _copy_setting(base, point, path)}
        spec = cell_spec(point)
        label = " ".join(_label(p, v, fixed) for p, v in zip(axes, values, strict=True))
        key = cell_key(spec)
        cells.setdefault(key, Cell(spec, key, label or "single cell"))
    if unused:
        path = min(unused)
        axis = path.partition(".")[0]
        raise ConfigurationError(
            f"Expected a setting of an option on the grid axis {axis}, got {path!r}, which none of "
            f"them has; choose one option with {axis}=..."
        )
    return list(cells.values())


def cell_key(spec: CellSpec) -> str:
    """Return the hash of everything that decides a cell's numbers."""
    content = plain(spec)
    kinds = {source: kind for kind, source in DATA_SOURCES.items()}
    content["data"]["kind"] = kinds[type(spec.data)]
    if isinstance(spec.data, FileData):
        # an edited file is another data set
        content["data"]["sha256"] = _sha256(spec.data.path)
    if isinstance(spec.data, MnistData):
        # so are other images put in the folder; the first 64 KiB hold every label and 83 images
        content["data"]["sha256"] = [_sha256(str(path), 2**16) for path in spec.data.idx_files()]
    content["results_version"] = EXPERIMENTS[spec.experiment].results_version
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def _sha256(path: str, n_bytes: int = -1) -> str | None:
    try:
        with Path(path).expanduser().open("rb") as stream:
            return hashlib.sha256(stream.read(n_bytes)).hexdigest()
    except (OSError, RuntimeError):
        return None


def _axes(grid: Mapping[str, Any], scale: str, prefix: str = "") -> dict[str, list[Any]]:
    axes: dict[str, list[Any]] = {}
    for key, value in grid.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and set(value) <= set(SCALES):
            if scale not in value:
                raise ConfigurationError(
                    f"Expected values of grid.{path} at scale {scale}, got only "
                    f"{', '.join(value)}; add them or set grid.{path}=[...]."
                )
            value = value[scale]
        if isinstance(value, Mapping):
            axes |= _axes(value, scale, f"{path}.")
        elif isinstance(value, list) and value:
            axes[path] = value
        else:
            raise ConfigurationError(
                f"Expected a non-empty list of values for grid.{path}, got {value!r}; "
                f"write grid.{path}=[...]."
            )
    return axes


def _place(point: dict[str, Any], path: str, value: Any, fixed: Collection[str]) -> None:
    if path in CHOICE_AXES and isinstance(value, str):
        # the settings that the option leaves at their defaults are axes too
        point[path] = checked({**point, path: load_option(path, value)})[path]
        return
    if _varies_together(value):
        for setting, item in value.items():
            if setting not in fixed:
                _place(point, setting, item, fixed)
        return
    keys = [key for key in known_keys(point) if not key.startswith(("grid", "runner", "name"))]
    group = path.partition(".")[0]
    if path not in keys and group in fixed:
        raise ConfigurationError(
            f"Expected a grid axis of the chosen {group} option, got {path!r}, which it does not "
            f"have; drop the axis with '~grid.{path}'."
        )
    if path not in keys:
        raise ConfigurationError(unknown("grid axis", path, keys))
    *parents, last = path.split(".")
    node = point
    for parent in parents:
        node = node[parent]
    node[last] = [value] if isinstance(node[last], list) and not isinstance(value, list) else value


def _varies_together(value: Any) -> bool:
    """Say whether the value of an axis is a mapping from dotted settings to their values."""
    return isinstance(value, Mapping) and any("." in setting for setting in value)


def _copy_setting(base: Mapping[str, Any], point: dict[str, Any], path: str) -> bool:
    """Copy one setting if the point has it, and say so."""
    *parents, last = path.split(".")
    source, target = base, point
    for parent in parents:
        if parent not in source or parent not in target:
            return False
        source, target = source[parent], target[parent]
    if last not in source or last not in target:
        return False
    target[last] = source[last]
    return True


def _label(path: str, value: Any, fixed: Collection[str]) -> str:
    if isinstance(value, Mapping):
        prefix = "" if _varies_together(value) else f"{path}."
        inner = {f"{prefix}{key}": item for key, item in value.items()}
        return " ".join(_label(key, item, fixed) for key, item in inner.items() if key not in fixed)
    return f"{path}={'+'.join(map(str, value)) if isinstance(value, list) else value}"
