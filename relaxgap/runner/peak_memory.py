"""The most memory that a piece of work held, where the system can say it (Linux)."""

from contextlib import suppress
from pathlib import Path

FORGET_PEAK = "5"
"""For ``/proc/PID/clear_refs`` (``proc(5)``)."""


def forget_peak() -> None:
    """Let the peak of this process begin anew at what it holds now."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text(FORGET_PEAK, encoding="ascii")


def peak_bytes() -> int | None:
    """Return the most resident memory since `forget_peak`; None if the system does not say it.

    What the process held before counts, and what it has started does not.
    """
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    return None
