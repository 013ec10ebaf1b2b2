"""Which problems are of three layers, and what they are made of."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from relaxgap.analysis.inputs import as_float64, dataset_of
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.three_layer import COLUMNS, NAME, ThreeLayerProgram

DEFAULT_WIDTH = 2


def asks_for_three_layers(
    program: str, subnetwork_width: int | None, normalisation: str | None
) -> bool:
    """Whether a problem is one of three layers; its settings are refused elsewhere.

    Raises
    ------
    ConfigurationError
        If a setting is given with another program.
    """
    given = {"subnetwork_width": subnetwork_width, "normalisation": normalisation}
    for name, value in given.items():
        if value is not None and program != NAME:
            raise ConfigurationError(
                f"Expected no {name} for the program {program}, got {value!r}; drop it, or take "
                f"the program {NAME}."
            )
    return program == NAME


def refuse_for_three_layers(loss: str, backend: Backend, given: Mapping[str, Any]) -> None:
    """Refuse what problems of three layers do not have.

    Raises
    ------
    ConfigurationError
        If the loss is another than the squared one, the backend another than NumPy, or one of the
        arguments by name is given.
    """
    if loss != SQUARED.name:
        raise ConfigurationError(
            f"Expected the {SQUARED.name} loss for three layers, got {loss}; leave loss out."
        )
    if backend != NUMPY:
        raise ConfigurationError(
            "Expected the backend numpy in float64 for three layers, got another; leave out "
            "backend, device and dtype."
        )
    for name, value in given.items():
        if value:
            raise ConfigurationError(
                f"Expected no {name} for three layers, got {value!r}; leave it out, and scale or "
                "centre rows and labels before."
            )


def program_of(
    X: Any, y: Any, subnetwork_width: int | None, normalisation: str | None
) -> ThreeLayerProgram:
    """Make the program of data, of strength 1.

    Raises
    ------
    DataError
        If an entry is no real number, or there are several columns of labels.
    ConfigurationError
        If a setting is out of range.
    """
    labels = as_float64(y, "y")
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise ConfigurationError(
            f"Expected one column of labels for three layers, got {labels.shape[1]}; solve for one "
            "after another."
        )
    data, _ = dataset_of(X, labels.ravel() if labels.ndim == 2 else labels)
    width = DEFAULT_WIDTH if subnetwork_width is None else subnetwork_width
    if not isinstance(width, Integral) or isinstance(width, bool):
        raise ConfigurationError(
            f"Expected a whole number as subnetwork_width, got {width!r}; give for example 2."
        )
    normalised = COLUMNS if normalisation is None else normalisation
    return ThreeLayerProgram(data, 1.0, int(width), normalised)
