"""The language of a grid: what varies, at which scale, alone or together.

An axis is a list of values of one setting, or one list for each scale (``{ci: ..., default: ...,
full: ...}``). ``0..19`` is the list of these integers, both ends included. An axis of another name
than a setting holds *entries*, mappings from settings to values that vary together::

    instance:
      - {data.n: [100, 300], data.aspect_ratio: [1, 4], seed: 0..2}
      - {data.n: 1000, networks.width: ["4", "16"]}

A list in an entry stands for each of its values, and several lists for their product, where the
setting takes one value; a setting that is itself a list, as ``networks.width``, takes it whole, and
a list of lists stands for each of them. What an entry names wins over the other axes; an empty one
leaves all as it is.
"""

import itertools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from relaxgap.errors import ConfigurationError

SCALES = ("ci", "default", "full")
RANGE = re.compile(r"(\d{1,18})\.\.(\d{1,18})")
MAX_VALUES = 100_000

Assignments = dict[str, Any]


def axes_of(grid: Mapping[str, Any], scale: str, prefix: str = "") -> dict[str, list[Any]]:
    """Return the values of every axis of a grid at one scale, by the path of the axis.

    Raises
    ------
    ConfigurationError
        If an axis is not a list, or has no values at this scale.
    """
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
            axes |= axes_of(value, scale, f"{path}.")
            continue
        values = range_of(value)
        if not isinstance(values, list) or not values:
            raise ConfigurationError(
                f"Expected a non-empty list of values for grid.{path}, got {value!r}; "
                f"write grid.{path}=[...], or 0..9 for a range of integers."
            )
        axes[path] = values
    return axes


def range_of(value: Any) -> Any:
    """Return the integers that ``0..19`` stands for, and anything else as it is.

    Raises
    ------
    ConfigurationError
        If they are too many for any grid.
    """
    found = RANGE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return value
    integers = range(int(found[1]), int(found[2]) + 1)
    if integers.stop - integers.start > MAX_VALUES:
        raise ConfigurationError(
            f"Expected at most {MAX_VALUES:,} values in a range, got {value!r}; end it earlier."
        )
    return list(integers)


def combinations(
    axes: Mapping[str, list[Any]], fixed: Collection[str] = ()
) -> Iterator[Assignments]:
    """Yield what each point of the product of the axes assigns to settings, each once.

    Parameters
    ----------
    axes : mapping
        From `axes_of`.
    fixed : collection of str
        Settings that no entry may assign.

    Raises
    ------
    ConfigurationError
        If the entries of two axes name the same setting.
    """
    seen: set[str] = set()
    for values in itertools.product(*axes.values()):
        assigned: Assignments = {}
        named: dict[str, str] = {}
        for path, value in zip(axes, values, strict=True):
            if not _is_entry(value):
                assigned.setdefault(path, value)
                continue
            for setting, item in value.items():
                if setting in named:
                    raise ConfigurationError(
                        f"Expected one axis of entries for {setting}, got grid.{named[setting]} "
                        f"and grid.{path}; keep it in one of them."
                    )
                named[setting] = path
                if setting not in fixed:
                    assigned[setting] = item
        text = json.dumps(assigned, sort_keys=True, default=repr)
        if text not in seen:
            seen.add(text)
            yield assigned


def expanded(value: Any, current: Any) -> list[Any]:
    """Return the values that an assignment stands for, given what the setting holds now."""
    if isinstance(current, list):
        # one list is a value, a list of lists is several
        several = isinstance(value, list) and value and all(isinstance(v, list) for v in value)
        return list(value) if several else [value]
    values = value if isinstance(current, str) else range_of(value)
    return list(values) if isinstance(values, list) else [values]


def axis_naming(path: str, axes: Mapping[str, list[Any]]) -> str:
    """Return the axis that assigns a setting: its own, or the one with an entry for it."""
    naming = (a for a, values in axes.items() if any(_is_entry(v) and path in v for v in values))
    return next(naming, path)


def _is_entry(value: Any) -> bool:
    """Say whether the value of an axis is a mapping from dotted settings to their values."""
    return isinstance(value, Mapping) and (not value or any("." in setting for setting in value))
