"""Names in messages: those that were found, the nearest to one that was asked for, and numbers."""

import difflib
from collections.abc import Sequence

LISTED = 10
"""Most names or places that a message spells out."""


def listed(names: Sequence[str]) -> str:
    """Return the names in quotes, the first few if they are many."""
    shown = ", ".join(repr(name) for name in names[:LISTED])
    return f"{shown}, ... ({len(names)} in all)" if len(names) > LISTED else shown or "nothing"


def nearest(name: str, found: Sequence[str]) -> str:
    """Return the question after a name that may be meant, or nothing."""
    by_plain_name = {other.strip().lower(): other for other in found}
    near = difflib.get_close_matches(name.lower(), by_plain_name, n=1)
    return f"did you mean {by_plain_name[near[0]]!r}? Then " if near else ""


def no_target(expected: str, target: str, found: Sequence[str]) -> str:
    """Return the message about labels that are not in a file under the name given."""
    return (
        f"Expected {expected} named {target!r}, got {listed(found)}; {nearest(target, found)}"
        "rename it in the file or set target (on the command line: --target NAME)."
    )


def written_number(number: float) -> str:
    """Return a number as short as it can be written without another one being meant."""
    number += 0.0  # of a negative zero, which is the same
    return f"{number:g}" if float(f"{number:g}") == number else repr(number)
