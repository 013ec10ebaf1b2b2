"""Overrides in Hydra's grammar, and the jobs that a sweep over their values stands for."""

import itertools
import math
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.extremes import refuse_extremes

MAX_JOBS = 10_000
OF_HYDRA = ("hydra/launcher=basic", "hydra/sweeper=basic")
"""What a command may say of Hydra itself: that it is as it is."""


def parsed(argument: str) -> Override:
    """Read one override.

    Raises
    ------
    ConfigurationError
        If Hydra cannot read it, or if it is of Hydra itself, whose settings run what they name.
    """
    override = _read(argument)
    key = override.key_or_group
    if argument not in OF_HYDRA and key.partition(".")[0].partition("/")[0] == "hydra":
        raise ConfigurationError(
            f"Expected settings of the experiment, got {key!r}, one of Hydra's own, which relaxgap "
            "does not take; see runner.results_dir, runner.n_jobs, -m and --config-dir."
        )
    values = override.value()
    refuse_extremes(key, values.list if isinstance(values, ChoiceSweep) else values)
    return override


def _read(argument: str) -> Override:
    try:
        return OverridesParser.create().parse_override(argument)
    except (HydraException, RecursionError, ValueError) as error:
        if argument in EXPERIMENTS:
            raise ConfigurationError(
                f"Expected overrides key=value, got {argument!r}; write experiment={argument}."
            ) from error
        if "=" not in argument:
            raise ConfigurationError(
                f"Expected overrides key=value, got {argument!r}; add its key and '='."
            ) from error
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigurationError(
            f"Expected overrides that Hydra can read, got {argument!r}: {reason}; quote its value "
            "if it is text."
        ) from error


def swept(override: Override) -> list[str]:
    """Return the values of a sweep as Hydra writes them.

    Raises
    ------
    ConfigurationError
        If they are more than anyone runs.
    """
    try:
        values = list(itertools.islice(override.sweep_string_iterator(), MAX_JOBS + 1))
    except (HydraException, ValueError, ArithmeticError) as error:
        raise ConfigurationError(
            f"Expected a list of values to sweep over for {override.key_or_group!r}, got "
            f"{override.input_line!r}; write {override.key_or_group}=a,b,c."
        ) from error
    if len(values) > MAX_JOBS:
        raise ConfigurationError(
            f"Expected at most {MAX_JOBS:,} jobs in a sweep, got more values than that for "
            f"{override.key_or_group!r}; sweep over fewer."
        )
    return values


def jobs(arguments: Sequence[str], sweeps: bool) -> list[list[str]]:
    """Return the overrides of every job: one, or one for each combination of a sweep's values.

    Parameters
    ----------
    arguments : sequence of str
        From `checked_overrides`.
    sweeps : bool
        Whether values ``a,b,c`` are swept over; Hydra refuses them otherwise.

    Raises
    ------
    ConfigurationError
        If the jobs are more than anyone runs.
    """
    if not sweeps:
        return [list(arguments)]
    choices: dict[str, list[str]] = {}
    for override in map(parsed, arguments):
        key = override.get_key_element()
        if override.is_sweep_override():
            values = swept(override)
        else:
            values = [override.get_value_element_as_str()]
        # Hydra lets the last override of a path win
        choices[key] = [key] if override.is_delete() else [f"{key}={value}" for value in values]
    if math.prod(map(len, choices.values())) > MAX_JOBS:
        raise ConfigurationError(
            f"Expected at most {MAX_JOBS:,} jobs in a sweep, got "
            f"{math.prod(map(len, choices.values())):,}; sweep over fewer values."
        )
    return [list(job) for job in itertools.product(*choices.values())]
