"""What a file of weights holds: tensors by their paths in it, and objects that were not made."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, NoReturn

from relaxgap.data.stored_array import StoredArray
from relaxgap.errors import DataError
from relaxgap.networks.reading.pickled import Name, Opaque

ADVICE = (
    "save the weights alone with torch.save(model.state_dict(), path), or as an .npz with the "
    "arrays hidden (m, d) and output (m,)"
)

MAX_DEPTH = 30
"""Checkpoints nest a few dictionaries; a path as long as a file can make it fills the memory."""

# Objects that hold numbers, which may shift or scale what goes into the network or comes out.
_HOLDS_NUMBERS = re.compile(
    r"sklearn\.|pandas\.|torch\._utils\.|torch\.storage\.|numpy\..*(_reconstruct|_frombuffer)$"
)

TensorPath = tuple[str, ...]
"""The keys under which a tensor stands, from the outermost dictionary to the innermost."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Hold the tensors of a file, not read yet, and the names of its other objects."""

    tensors: dict[TensorPath, StoredArray] = field(default_factory=dict)
    objects: dict[TensorPath, str] = field(default_factory=dict)


def contents_of(found: Mapping[Any, Any]) -> Contents:
    """List what nested dictionaries and lists hold; numbers and text in them are notes.

    The state of an optimiser, a dictionary with ``param_groups``, is left out: it has matrices of
    the shapes of the weights that are no weights.

    Raises
    ------
    DataError
        If they are nested without end.
    """
    contents = Contents()
    seen: set[int] = set()
    todo: list[tuple[TensorPath, Any]] = [((), found)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, StoredArray):
            contents.tensors[path] = value
        elif isinstance(value, (Name, Opaque)):
            contents.objects[path] = value.name
        elif isinstance(value, (dict, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            if len(path) > MAX_DEPTH:
                raise DataError(
                    f"Expected dictionaries nested at most {MAX_DEPTH} deep, got deeper ones; "
                    f"{ADVICE}."
                )
            if isinstance(value, dict):
                if "param_groups" in value:
                    continue
                items = [(_text(key), inner) for key, inner in value.items()]
            else:
                items = [(str(place), inner) for place, inner in enumerate(value)]
            todo += [((*path, key), inner) for key, inner in reversed(items)]
    return contents


def home_of(layers: Iterable[TensorPath]) -> TensorPath:
    """Return the dictionary that holds all layers; what stands beside it is of the training."""
    levels = zip(*(path[:-1] for path in layers), strict=False)
    return tuple(keys[0] for keys in takewhile(lambda keys: len(set(keys)) == 1, levels))


def refuse_objects(contents: Contents, home: TensorPath) -> None:
    """Refuse objects among the layers, and those that hold numbers anywhere.

    Raises
    ------
    DataError
        If there is one.
    """
    for path, name in contents.objects.items():
        if path[: len(home)] == home != () or _HOLDS_NUMBERS.match(name):
            raise refused_object(name, f" under {shown(path)}")


def refused_object(name: str, place: str = "") -> DataError:
    """Return the refusal of an object where weights are, or numbers that may be part of them."""
    if name.startswith("torch.") and name.endswith(("Storage", "_tensor_v3")):
        refuse_type(name)
    return DataError(
        f"Expected tensors only, got the Python object {name!r}{place}, stored as a pickle that "
        f"could run code and was not opened; {ADVICE}."
    )


def refuse_type(kind: str) -> NoReturn:
    """Refuse numbers of a type that the weights of a real network have not.

    Raises
    ------
    DataError
        Always.
    """
    raise DataError(
        f"Expected tensors of real floats or integers, got {kind}; convert the model with "
        "model.double() before saving its state_dict."
    )


def shown(path: TensorPath) -> str:
    """Return a path as the name of a tensor in a message."""
    return repr(".".join(path))


def _text(key: Any) -> str:
    return key.name if isinstance(key, Opaque) else str(key)
