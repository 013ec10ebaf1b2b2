"""The ``DATA`` argument: a file of the user's, or a data set of ``conf/data`` with settings."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from relaxgap.data.columns import Columns
from relaxgap.data.dataset import Dataset, DataSource
from relaxgap.data.files import FileData
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.limits import MAX_LISTED_PATTERNS
from relaxgap.problems.losses import LOSSES, SQUARED

DATA_HELP = (
    "DATA is a .npz file with arrays X and y, a .npy file of features with y.npy beside it, a "
    ".csv, .csv.gz or .parquet table with names of columns, or a data set of `relaxgap list`, with "
    "settings after a colon: table.csv:target=price, gaussian:n=20,d=10."
)


_OPTIONS = (
    click.argument("data"),
    click.option("--target", default="y", show_default=True, help="Name of the labels in a file."),
    click.option(
        "--seed",
        default=0,
        show_default=True,
        type=click.IntRange(min=0),
        help="Seed of drawn data and sampled patterns.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
)


takes_limit = click.option(
    "--limit",
    default=MAX_LISTED_PATTERNS,
    show_default=True,
    type=click.IntRange(min=1),
    help="Refuse an arrangement that may hold more patterns.",
)
"""For a command that may enumerate the arrangement of its data."""


def takes_data(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the ``DATA`` argument and the options that go with it."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_LOSS_OPTIONS = (
    click.option(
        "--loss",
        type=click.Choice(tuple(LOSSES)),
        default=SQUARED.name,
        show_default=True,
        help="Of the outputs; logistic and hinge are of two classes, of any names in the column of "
        "labels of a table and of two numbers in an array, the later in order as +1.",
    ),
    click.option(
        "--against-rest",
        metavar="NAME",
        help="The class that is +1 against all others; needed once for each of three or more.",
    ),
)


def takes_loss(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what its labels are."""
    for option in reversed(_LOSS_OPTIONS):
        command = option(command)
    return command


_COLUMN_OPTIONS = (
    click.option(
        "--drop",
        metavar="NAME",
        multiple=True,
        help="A column of a file to leave out; once for each. Those of an array are x0, x1, ...",
    ),
    click.option(
        "--one-hot",
        metavar="NAME",
        multiple=True,
        help="A column of categories, perhaps of text: one feature of zeros and ones for each.",
    ),
)


def takes_columns(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which columns of a file are features, and how."""
    for option in reversed(_COLUMN_OPTIONS):
        command = option(command)
    return command


def load_labelled(
    argument: str,
    target: str,
    seed: int,
    loss: str,
    drop: tuple[str, ...] = (),
    one_hot: tuple[str, ...] = (),
) -> tuple[Any, Any, Columns | None]:
    """Load samples, and labels that may be the names of classes if the loss is of classes.

    Returns
    -------
    X : (n, d) float64
        Samples.
    y : (n,) array or list
        Labels.
    columns : Columns or None
        How the columns of a file became features; None for a data set of ``conf/data``.

    Raises
    ------
    ConfigurationError, DataError
        As `load_data`.
    """
    source = source_of(argument, target, drop, one_hot)
    if isinstance(source, FileData):
        return source.load_with_columns(LOSSES[loss].of_classes)
    data = source.load(_generator(seed))
    return data.X, data.y, None


def load_data(
    argument: str,
    target: str,
    seed: int,
    drop: tuple[str, ...] = (),
    one_hot: tuple[str, ...] = (),
) -> Dataset:
    """Load the data set that ``DATA`` names; a target in ``DATA`` goes before the option.

    Raises
    ------
    ConfigurationError
        If a setting is unknown or out of range.
    DataError
        If a file cannot be used.
    """
    return source_of(argument, target, drop, one_hot).load(_generator(seed))


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])


def source_of(
    argument: str, target: str, drop: tuple[str, ...], one_hot: tuple[str, ...]
) -> DataSource:
    """Return what ``DATA`` names, a file or a data set with its settings; nothing is read yet.

    Raises
    ------
    ConfigurationError
        If a setting is unknown or out of range.
    """
    # Hydra takes a third of a second to import, which a page of help does not need
    from relaxgap.runner.config import checked_data, data_source
    from relaxgap.runner.config_files import load_option, option_names
    from relaxgap.runner.nearest import unknown

    data_sets = [option for option in option_names("data") if option != "file"]
    name, _, settings = argument.partition(":")
    if name in data_sets and not Path(argument).exists():
        if drop or one_hot:
            raise ConfigurationError(
                f"Expected a file for --drop and --one-hot, got the data set {name!r}, whose "
                "columns have no names; leave them out."
            )
        values: dict[str, Any] = load_option("data", name)
        given: set[str] = set()
        for item in filter(None, settings.split(",")):
            key, value = _setting(item, "gaussian:n=20,labels=signs")
            if key in given:
                raise ConfigurationError(
                    f"Expected each setting of DATA once, got {key!r} twice; drop one."
                )
            given.add(key)
            values[key] = _yaml_value(value)
        if values.get("d") is not None and "aspect_ratio" not in given:
            values["aspect_ratio"] = None
    else:
        path, settings = _path_and_settings(argument)
        if path.strip() and not Path(path).suffix and not Path(path).exists():
            raise ConfigurationError(
                unknown("data set, or a file of arrays or a table", name, data_sets)
            )
        values = {"kind": "file", "path": path, "target": target}
        values |= {"drop": list(drop), "one_hot": list(one_hot)}
        if settings:
            # Text as it is: the name of a column may hold commas, or be 1 or yes.
            key, values["target"] = _setting(settings, "table.csv:target=price")
            if key != "target":
                raise ConfigurationError(unknown("setting of a file", key, ["target"]))
    return data_source(checked_data(values))


def _path_and_settings(argument: str) -> tuple[str, str]:
    """Part the path of a file from what follows a colon, unless that is in the file's name."""
    parted = re.fullmatch(r"(.+?):(\w+=.*|\w*)", argument)
    if parted is None or Path(argument).exists():
        return argument, ""
    return parted[1], parted[2]


def _setting(item: str, example: str) -> tuple[str, str]:
    key, equals, value = item.partition("=")
    if not equals:
        raise ConfigurationError(
            f"Expected key=value after the colon of DATA, got {item!r}; write for example "
            f"{example}."
        )
    return key.strip(), value


def _yaml_value(text: str) -> Any:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError  # type: ignore[import-untyped]

    try:
        return OmegaConf.create(f"value: {text}").value
    except (YAMLError, OmegaConfBaseException) as error:
        raise ConfigurationError(
            f"Expected a plain value after '=' in DATA, got {text!r}; write for example "
            "gaussian:n=20,labels=signs."
        ) from error
