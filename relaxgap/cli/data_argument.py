"""The ``DATA`` argument: a file of the user's, or a data set of ``conf/data`` with settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.limits import MAX_LISTED_PATTERNS

DATA_HELP = (
    "DATA is a .npz file with arrays X and y, a .csv file (see --target), or a data set of "
    "`relaxgap list`, with settings after a colon: gaussian:n=20,d=10."
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


def load_data(argument: str, target: str, seed: int) -> Dataset:
    """Load the data set that ``DATA`` names.

    Raises
    ------
    ConfigurationError
        If a setting is unknown or out of range.
    DataError
        If a file cannot be used.
    """
    # Hydra takes a third of a second to import, which a page of help does not need
    from relaxgap.runner.config import checked_data, data_source
    from relaxgap.runner.config_files import load_option, option_names
    from relaxgap.runner.nearest import unknown

    name, _, settings = argument.partition(":")
    if name in option_names("data") and name != "file" and not Path(argument).exists():
        values: dict[str, Any] = load_option("data", name)
        for item in filter(None, settings.split(",")):
            key, equals, value = item.partition("=")
            if not equals:
                raise ConfigurationError(
                    f"Expected key=value after the colon of DATA, got {item!r}; "
                    "write for example gaussian:n=20,labels=signs."
                )
            values[key.strip()] = _yaml_value(value)
        if values.get("d") is not None and "aspect_ratio" not in settings:
            values["aspect_ratio"] = None
    elif argument.strip() and not Path(argument).suffix and not Path(argument).exists():
        data_sets = [option for option in option_names("data") if option != "file"]
        raise ConfigurationError(unknown("data set, or a .npz or .csv file", name, data_sets))
    else:
        values = {"kind": "file", "path": argument, "target": target}
    source = data_source(checked_data(values))
    return source.load(np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0]))


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
