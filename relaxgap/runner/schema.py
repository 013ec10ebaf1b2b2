"""Hydra needs mutable schemas, cells need frozen values: both come from one dataclass."""

import dataclasses
import functools
import types
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from omegaconf import MISSING

from relaxgap.errors import ConfigurationError

T = TypeVar("T")

SCALARS = frozenset((bool, int, float, str, types.NoneType))
"""Types of the values that configs and cells are made of."""
MAX_SHOWN = 60
"""Characters of a value that an error repeats: it may be a whole section."""


def schema_of(spec: type, **constants: str) -> type:
    """Return the mutable twin of a frozen dataclass, with the same fields and defaults.

    Parameters
    ----------
    spec : type
        Frozen dataclass of plain values, tuples, and dictionaries of such dataclasses.
    **constants : str
        Additional string fields, such as the kind of a data source.
    """
    hints = get_type_hints(spec)
    fields: list[Any] = [
        (name, str, dataclasses.field(default=value)) for name, value in constants.items()
    ]
    for field in dataclasses.fields(spec):
        kind = _schema_type(hints[field.name])
        fields.append((field.name, kind, _schema_default(field, kind)))
    return dataclasses.make_dataclass(f"{spec.__name__}Schema", fields)


def _schema_type(hint: Any) -> Any:
    if get_origin(hint) is Literal:
        return str
    if get_origin(hint) is tuple:
        return list[get_args(hint)[0]]  # type: ignore[misc]
    if get_origin(hint) is dict:
        return dict[str, _schema_type(get_args(hint)[1])]  # type: ignore[misc]
    return schema_of(cast(type, hint)) if dataclasses.is_dataclass(hint) else hint


def _schema_default(field: dataclasses.Field[Any], kind: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return dataclasses.field(default_factory=cast(type, kind))
    if field.default_factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=field.default_factory)
    if field.default is dataclasses.MISSING:
        return dataclasses.field(default=MISSING)
    if isinstance(field.default, tuple):
        values = list(field.default)
        return dataclasses.field(default_factory=lambda: list(values))
    return dataclasses.field(default=field.default)


def refuse_other_shapes(kind: Any, value: Any, path: str) -> None:
    """Refuse a list, a mapping or a single value where a schema has another of the three.

    Names and types of single values are left to OmegaConf, which says nothing of lists in lists.

    Raises
    ------
    ConfigurationError
        With the path of the setting.
    """
    origin = get_origin(kind)
    if kind is Any:
        return
    if origin is list:
        if not isinstance(value, (list, tuple)):
            raise ConfigurationError(
                f"Expected a list for {path}, got {_shown(value)}; write {path}=[...]."
            )
        for i, item in enumerate(value):
            refuse_other_shapes(get_args(kind)[0], item, f"{path}[{i}]")
    elif origin is dict or dataclasses.is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise ConfigurationError(
                f"Expected settings by name for {path}, got {_shown(value)}; set {path}.NAME=..."
            )
        inner = {} if origin is dict else {f.name: f.type for f in dataclasses.fields(kind)}
        others = get_args(kind)[1] if origin is dict else Any
        for name, item in value.items():
            refuse_other_shapes(inner.get(name, others), item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, (Mapping, list, tuple)):
        raise ConfigurationError(
            f"Expected a single value for {path}, got {_shown(value)}; give one of them."
        )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def frozen(spec: type[T], values: Mapping[str, Any]) -> T:
    """Build the frozen value from validated plain ones; its range checks run here.

    Raises
    ------
    ConfigurationError
        If a value is not one of a `Literal`'s, or out of the range the dataclass checks.
    """
    return spec(**{name: frozen_setting(spec, name, value) for name, value in values.items()})


def frozen_setting(spec: type, name: str, value: Any) -> Any:
    """Build the frozen value of one field, as `frozen` does for all."""
    return _frozen_value(name, _hints(spec)[name], value)


@functools.cache
def _hints(spec: type) -> dict[str, Any]:
    return get_type_hints(spec)


def _frozen_value(name: str, hint: Any, value: Any) -> Any:
    form = _form(hint)
    if form is None:
        return value
    if form is Literal and value not in get_args(hint):
        raise ConfigurationError(
            f"Expected {name} to be one of {', '.join(get_args(hint))}, got {value!r}; choose one."
        )
    if form is tuple:
        return tuple(value)
    if form is dict:
        inner = get_args(hint)[1]
        return {key: _frozen_value(name, inner, item) for key, item in value.items()}
    if form is frozen and isinstance(value, Mapping):
        return frozen(cast(type, hint), value)
    return value


@functools.cache
def _form(hint: Any) -> Any:
    """Return how values of a type are frozen: as its origin says, as a dataclass, or not at all.

    The cells of a grid ask some hundred thousand times.
    """
    if dataclasses.is_dataclass(hint):
        return frozen
    origin = get_origin(hint)
    return origin if origin in (Literal, tuple, dict) else None


def plain(value: Any) -> Any:
    """Turn a frozen value into JSON's types, the inverse of `frozen`."""
    if type(value) in SCALARS:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _names(type(value))}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (dict, types.MappingProxyType)):
        return {key: plain(item) for key, item in value.items()}
    return value


@functools.cache
def _names(spec: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(spec))
