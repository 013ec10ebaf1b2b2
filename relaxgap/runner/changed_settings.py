"""Settings changed in a checked config, which shares with the one before what it leaves alone.

A grid changes few settings of one config, thousands of times. The section of a setting is checked
again, and not even that where the value has the very type of its setting.
"""

import copy
import dataclasses
import functools
import json
from collections.abc import Collection, Mapping
from types import UnionType
from typing import Any, NoReturn, Union, get_args, get_origin

from omegaconf import MISSING

from relaxgap.errors import ConfigurationError
from relaxgap.runner.config import (
    DATA_SCHEMAS,
    checked_data,
    chosen_experiment,
    merged,
    run_schema,
)
from relaxgap.runner.schema import SCALARS


def setting(config: Mapping[str, Any], path: str) -> Any:
    """Return the setting of a dotted path."""
    for part in path.split("."):
        config = config[part]
    return config


def replaced(config: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a config with another value at a dotted path, not yet checked."""
    first, _, rest = path.partition(".")
    return {**config, first: replaced(config[first], rest, value) if rest else value}


def with_settings(config: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checked config with other values of some settings, checked.

    Parameters
    ----------
    config : mapping
        From `relaxgap.runner.config.checked`.
    settings : mapping
        From dotted paths to values; one value for a setting that is a list is a list of it.

    Raises
    ------
    ConfigurationError
        If a value is of another type than its setting.
    """
    changed, doubtful = dict(config), set()
    for path, value in settings.items():
        if isinstance(setting(changed, path), list) and not isinstance(value, list):
            value = [value]
        changed = replaced(changed, path, value)
        if not _is_of_its_type(changed, path, value):
            doubtful.add(path.partition(".")[0])
    return checked_again(changed, doubtful)


def checked_again(full: Mapping[str, Any], sections: Collection[str]) -> dict[str, Any]:
    """Check the sections of a checked config that were changed."""
    changed = dict(full)
    schema = run_schema(chosen_experiment(full))
    for name in sections:
        # the cells of a grid share most of their sections
        text = json.dumps(full[name], default=_refuse)
        changed[name] = _checked_section(schema, name, text)
    return changed


def _refuse(value: object) -> NoReturn:
    raise ConfigurationError(
        f"Expected numbers, texts, lists and mappings, got {type(value).__name__} {value!r}; write "
        "it as a text."
    )


@functools.lru_cache(maxsize=1024)
def _checked_section(schema: type, name: str, text: str) -> Any:
    value = json.loads(text)
    if name == "data":
        return checked_data(value)
    return merged(_schema_of_section(schema, name), {name: value})[name]


@functools.cache
def _schema_of_section(schema: type, name: str) -> type:
    (own,) = (part for part in dataclasses.fields(schema) if part.name == name)
    return dataclasses.make_dataclass("section", [(name, own.type, copy.copy(own))])


def _is_of_its_type(config: Mapping[str, Any], path: str, value: Any) -> bool:
    """Say whether a check would return the value as it is: a scalar of its setting's type."""
    if type(value) not in SCALARS or value == MISSING:
        return False
    section, _, rest = path.partition(".")
    if section != "data":
        return type(value) in _types_of(run_schema(chosen_experiment(config)), path)
    # another kind has other settings
    return rest != "kind" and type(value) in _types_of(DATA_SCHEMAS[config["data"]["kind"]], rest)


@functools.cache
def _types_of(schema: Any, path: str) -> tuple[Any, ...]:
    """Return the types that a schema has for a dotted path."""
    for part in path.split("."):
        if get_origin(schema) is dict:
            schema = get_args(schema)[1]
        elif dataclasses.is_dataclass(schema):
            schema = {own.name: own.type for own in dataclasses.fields(schema)}.get(part)
        else:
            return ()
    return get_args(schema) if get_origin(schema) in (Union, UnionType) else (schema,)
