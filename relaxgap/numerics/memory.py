"""How much memory the machine has; work that needs more is refused before it begins."""

import os
from pathlib import Path

from relaxgap.errors import ConfigurationError

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux says what a container may use, by the version of its control groups."""
GIGABYTE = 1e9


def machine_bytes() -> float:
    """Return the memory of this machine, or of the container; infinite where nothing says."""
    try:
        found = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        found = float("inf")
    for path in CGROUP_LIMITS:
        try:
            found = min(found, float(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            # no such file, or the word for no limit
            continue
    return found


def refuse_beyond_memory(needed: float, what: str, instead: str) -> None:
    """Refuse work whose arrays do not fit.

    Parameters
    ----------
    needed : float
        Bytes of its large arrays together.
    what : str
        What needs them, as the subject of "needs".
    instead : str
        What to do, as an imperative.

    Raises
    ------
    ConfigurationError
        If the machine has less.
    """
    have = machine_bytes()
    if needed > have:
        raise ConfigurationError(
            f"Expected arrays that fit in the memory of this machine, {have / GIGABYTE:.1f} GB, "
            f"got {what} that needs about {needed / GIGABYTE:.1f} GB; {instead}."
        )
