"""Options of problems with several outputs, and their data."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from relaxgap.cli.data_argument import source_of
from relaxgap.data.files import FileData
from relaxgap.data.paths import errors_of
from relaxgap.data.several_labels import SeveralLabels, in_patches, load_several, names_several
from relaxgap.errors import ConfigurationError
from relaxgap.problems.vector_output import NAME as VECTOR

_OPTIONS = (
    click.option(
        "--one-hot-target",
        is_flag=True,
        help="One output for each class of the target, under the squared loss.",
    ),
    click.option(
        "--patches",
        type=click.IntRange(min=1),
        metavar="H",
        help="Cut the columns into patches of H, over which the activations of a neuron are added "
        "up: a convolution with average pooling.",
    ),
)


def takes_several_outputs(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that make several outputs of its data."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def several_labels(
    argument: str,
    target: str,
    program: str,
    one_hot_target: bool,
    patches: int | None,
    drop: tuple[str, ...],
    one_hot: tuple[str, ...],
    refused: dict[str, Any],
) -> SeveralLabels | None:
    """Read samples with several labels, where that is asked for; None for a single label.

    Raises
    ------
    ConfigurationError
        If an option is given that such problems do not have, or the data are no file.
    DataError
        If the file cannot be used.
    """
    source = source_of(argument, target, drop, one_hot)
    asked = program == VECTOR or one_hot_target or patches is not None
    if not isinstance(source, FileData):
        if asked:
            raise ConfigurationError(
                f"Expected a file for several outputs, got the data set {source.label}; make a "
                ".npz of X and Y."
            )
        return None
    if not asked and not names_several(source):
        return None
    for option, value in refused.items():
        if value is not None:
            raise ConfigurationError(
                f"Expected no {option} for several outputs, got {value}; leave it out."
            )
    found = load_several(source, one_hot_target)
    if patches is None:
        return found
    with errors_of(source.path):
        return replace(found, X=in_patches(found.X, patches), columns=None)
