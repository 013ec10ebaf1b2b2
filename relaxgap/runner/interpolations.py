"""The ``${...}`` of a config, put in before anything is checked: any type may stand behind them."""

from collections.abc import Mapping
from typing import Any, cast

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from relaxgap.errors import ConfigurationError

MAX_REASON = 200
"""Characters kept of what OmegaConf says, which repeats whole sections."""


def resolved(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plain config with the values that its interpolations stand for.

    Raises
    ------
    ConfigurationError
        If one of them stands for nothing, for itself, or for another interpolation.
    """
    try:
        container = OmegaConf.to_container(OmegaConf.create(dict(config)), resolve=True)
    except (OmegaConfBaseException, RecursionError) as error:
        key = getattr(error, "full_key", None)
        raise ConfigurationError(
            f"Expected a config whose ${{...}} can be resolved, got{f' in {key}' if key else ''}: "
            f"{reason_of(error)}; name a setting that is there, or write the value itself."
        ) from error
    values = cast(dict[str, Any], container)
    for name, value in values.items():
        # it would be resolved when a cell's section is checked, or not at all
        if _holds_one(value):
            raise ConfigurationError(
                f"Expected {name} to hold no '${{' once it is resolved, got another; write the "
                "value itself."
            )
    return values


def reason_of(error: BaseException) -> str:
    """Return what OmegaConf says of a value, in one line of moderate length."""
    said = str(getattr(error, "msg", None) or error) or type(error).__name__
    line = said.splitlines()[0].rstrip(".;:")
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]}…"


def _holds_one(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_one(inner) for inner in value.values())
    if isinstance(value, list):
        return any(map(_holds_one, value))
    return isinstance(value, str) and "${" in value
