"""Values that no setting takes and that break what reads them: refused before."""

from collections.abc import Iterable, Mapping
from typing import Any

from relaxgap.errors import ConfigurationError

MAX_DEPTH = 32
LARGEST_INTEGER = 2**63 - 1


def refuse_extremes(name: str, value: Any) -> None:
    """Refuse what is nested deeper than any config, integers beyond 64 bits, names of no text.

    Raises
    ------
    ConfigurationError
        With the name of the setting.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        for item in level:
            if isinstance(item, int) and abs(item) > LARGEST_INTEGER:
                raise ConfigurationError(
                    f"Expected integers of 64 bits in {name}, got one of about "
                    f"{_digits(item)} digits; give a smaller one."
                )
            if isinstance(item, Mapping) and not all(isinstance(key, str) for key in item):
                other = next(key for key in item if not isinstance(key, str))
                raise ConfigurationError(
                    f"Expected names that are text in {name}, got {type(other).__name__} "
                    f"{other!r}; quote it, if it is a name."
                )
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return
    raise ConfigurationError(
        f"Expected lists and mappings up to {MAX_DEPTH} deep in {name}, got deeper ones; "
        "write them flat."
    )


def _digits(number: int) -> int:
    return int(abs(number).bit_length() * 0.30103) + 1


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()
