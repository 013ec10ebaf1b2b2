"""The error for a name that is not known: it says the nearest one."""

import difflib
from collections.abc import Iterable

LISTED_NAMES = 12


def unknown(
    what: str,
    name: str,
    known: Iterable[str],
    listed_by: str = "`relaxgap run --cfg job` prints every setting.",
) -> str:
    """Word the error for an unknown name, with the nearest known one or where all are listed."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near:
        # "beta" is remembered more often than "regularisation.beta"
        last_parts = {known_name.rpartition(".")[2]: known_name for known_name in names}
        last = difflib.get_close_matches(name.rpartition(".")[2], last_parts, n=1, cutoff=0.6)
        near = [last_parts[part] for part in last]
    if near:
        return f"Expected a known {what}, got {name!r}; did you mean {near[0]!r}?"
    choices = f"choose from: {', '.join(names)}."
    if len(names) > LISTED_NAMES:
        choices = listed_by
    return f"Expected a known {what}, got {name!r}; {choices}"
