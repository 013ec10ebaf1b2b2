"""Two classes of any names as labels -1 and +1, and the names remembered."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.naming import listed, nearest, written_number
from relaxgap.errors import DataError

Classes = tuple[str, ...]
"""The names of -1 and +1, in this order; one name alone where all samples are of one class."""
MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none"})
"""What a table writes where there is nothing, in lower case."""


def refuse_other_labels(loss: str, y: Float64[np.ndarray, " n"]) -> None:
    """Raise `DataError` unless every label is -1 or +1."""
    others = y[np.abs(y) != 1.0]
    if others.size:
        raise DataError(
            f"Expected labels -1 and +1 for the {loss} loss, got {others[0]:g}; map the two "
            "classes to -1 and +1."
        )


def two_classes(
    labels: Any, loss: str, against_rest: str | None = None
) -> tuple[Float64[np.ndarray, " n"], Classes]:
    """Map labels of two classes to -1 and +1, the later class in order to +1.

    Numbers, and text that reads as numbers throughout, are ordered by size, other text by the
    alphabet: 0 and 1, no and yes, False and True. Where all samples are of one class, a number up
    to 0 is -1 and any other class is +1.

    Parameters
    ----------
    labels : (n,) array
        Numbers, booleans or text.
    loss : str
        What asks for classes, in messages.
    against_rest : str, optional
        The class that is +1; all others, two or more, are -1.

    Raises
    ------
    DataError
        If a label is missing, there are more than two classes or none, or none of the name given.
    """
    array = np.asarray(labels)
    if array.ndim != 1:
        raise DataError(f"Expected y with 1 axes, got shape {array.shape}; reshape y.")
    values: list[Any] = [str(label).strip() for label in array.tolist()]
    missing = [i + 1 for i, value in enumerate(values) if value.lower() in MISSING]
    if missing:
        raise DataError(
            f"Expected a class for every sample, got {len(missing)} missing labels, the first in "
            f"row {missing[0]}; fill them in or remove the rows."
        )
    numbers = _numbers(array.tolist())
    values = values if numbers is None else numbers
    found = sorted(set(values))
    names = tuple(written_number(value) if isinstance(value, float) else value for value in found)
    if against_rest is not None:
        return _against_rest(against_rest.strip(), values, dict(zip(names, found, strict=True)))
    if not 1 <= len(found) <= 2:
        raise DataError(
            f"Expected labels of two classes for the {loss} loss, got {len(found)} different ones: "
            f"{listed(names)}; name one for against_rest, class by class (on the command line: "
            "--against-rest NAME), or take the squared loss for numbers."
        )
    alone_below = len(found) == 1 and isinstance(found[0], float) and found[0] <= 0.0
    return _signs(values, None if alone_below else found[-1]), names


def _against_rest(
    name: str, values: list[Any], found: dict[str, Any]
) -> tuple[Float64[np.ndarray, " n"], Classes]:
    if name not in found:
        raise DataError(
            f"Expected one of the classes for against_rest, got {name!r} beside "
            f"{listed(list(found))}; {nearest(name, list(found))}name one of them."
        )
    others = [other for other in found if other != name]
    rest = {0: (), 1: tuple(others)}.get(len(others), (f"not {name}",))
    return _signs(values, found[name]), (*rest, name)


def _signs(values: list[Any], positive: Any) -> Float64[np.ndarray, " n"]:
    return np.array([1.0 if value == positive else -1.0 for value in values])


def class_sentence(classes: Classes | None) -> str:
    """Say what the sign of an output means; nothing where labels are no classes."""
    if classes is None:
        return ""
    if len(classes) == 1:
        return (
            f"All samples are of one class, {classes[0]!r}: the optimum only trades their margins "
            "against the weights, and says nothing of another class."
        )
    return f"An output below 0 stands for {classes[0]!r}, one above 0 for {classes[1]!r}."


def _numbers(labels: Sequence[Any]) -> list[float] | None:
    """Return the labels as numbers; None if one is text that is none."""
    try:
        numbers = [float(label) for label in labels]
    except (TypeError, ValueError):
        return None
    return numbers if np.all(np.isfinite(numbers)) else None


def signs_of(labels: Any, classes: Classes) -> Float64[np.ndarray, " n"]:
    """Map labels of other samples to -1 and +1, as those of the fit were.

    Parameters
    ----------
    labels : (n,) array
        Numbers, booleans or text.
    classes : tuple of str
        The names of -1 and +1, as of `two_classes`.

    Raises
    ------
    DataError
        If a label is of no class of the fit.
    """
    listed_labels = np.asarray(labels).ravel().tolist()
    numbers = _numbers(listed_labels)
    values = [written_number(number) for number in numbers or ()]
    if numbers is None:
        values = [str(label).strip() for label in listed_labels]
    positive, rest = classes[-1], f"not {classes[-1]}"
    known = {*classes}
    for row, value in enumerate(values, start=1):
        if value not in known and (rest not in known or value.lower() in MISSING):
            raise DataError(
                f"Expected labels out of {listed(list(classes))}, got {value!r} in row {row}; "
                f"{nearest(value, list(classes))}correct it, or leave the row out."
            )
    alone_below = len(classes) == 1 and (_numbers(classes) or [1.0])[0] <= 0.0
    return _signs(values, None if alone_below else positive)


def named(outputs: Float64[np.ndarray, " n"], classes: Classes) -> list[str]:
    """Return the class that each output stands for: the later one above 0."""
    return [classes[-1] if output > 0.0 else classes[0] for output in outputs]
