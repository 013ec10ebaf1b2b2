"""What an interrupted verb returns is no result of an experiment."""

from typing import Protocol, TypeVar, runtime_checkable


@runtime_checkable
class Stopping(Protocol):
    """Say whether work was stopped early."""

    @property
    def stopped(self) -> str:
        """Empty, ``interrupted``, or the error that ended the work."""
        ...


Found = TypeVar("Found", bound=Stopping)


def uninterrupted(found: Found) -> Found:
    """Return what a verb found, unless Ctrl-C ended it: then the cell is not done.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted, which the verb turned into a bracket so far.
    """
    if found.stopped == "interrupted":
        raise KeyboardInterrupt
    return found
