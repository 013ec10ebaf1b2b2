"""What a verb of Python says of its arguments, in the words of the command line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from relaxgap.errors import ConfigurationError

ARGUMENTS = (
    "beta_fraction",
    "beta",
    "rtol",
    "time_limit",
    "points",
    "smallest_fraction",
    "against_rest",
    "penalise",
    "sklearn_alpha",
    "torch_weight_decay",
    "test_fraction",
    "minimal",
    "workers",
)
"""Those whose names stand in refusals, and are options with dashes."""
_NAMED = re.compile(rf"(?<![\w.-])({'|'.join(ARGUMENTS)})(?![\w-])(=?)")


@contextmanager
def options_named() -> Iterator[None]:
    """Name options in a refusal of arguments: ``--beta-fraction 0.1`` for ``beta_fraction=0.1``.

    Raises
    ------
    ConfigurationError
        The same, reworded.
    """
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(_NAMED.sub(_option, str(error))) from error


def _option(found: re.Match[str]) -> str:
    return f"--{found[1].replace('_', '-')}{' ' if found[2] else ''}"
