"""How long work may take: one deadline reaches everything that runs under it.

Most work is handed its `Deadline`, looks at it between its pieces and returns what it has. A piece
may be long itself, and deep inside: the sweeps of a price, the levels of an enumeration. These call
`checkpoint`, which ends them by an exception once the deadline in force has passed; whoever put it
in force with `in_force` still has what was found before.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """Hold a moment of `time.monotonic`; work looks at it between its pieces.

    Parameters
    ----------
    end : float
        The moment; infinity is never reached.
    """

    end: float = math.inf

    @classmethod
    def after(cls, seconds: float | None) -> "Deadline":
        """Return the deadline so many seconds from now; None never comes."""
        return cls() if seconds is None else cls(time.monotonic() + seconds)

    @property
    def has_passed(self) -> bool:
        """Whether the moment is over."""
        return time.monotonic() > self.end

    @property
    def remaining_seconds(self) -> float:
        """Seconds left: 0 when it has passed, infinity when it never comes."""
        return max(self.end - time.monotonic(), 0.0)

    def within(self, fraction: float) -> "Deadline":
        """Return the earlier deadline at which a fraction of the time left is used."""
        return Deadline(time.monotonic() + fraction * self.remaining_seconds)

    def capped(self, seconds: float) -> "Deadline":
        """Return this deadline or the one so many seconds from now, whichever comes first."""
        return Deadline(min(self.end, time.monotonic() + seconds))


NEVER = Deadline()
"""Work under it goes on to its own end."""


class OutOfTimeError(Exception):
    """The deadline in force has passed in the middle of a piece of work, which is lost."""


_IN_FORCE: ContextVar[Deadline] = ContextVar("deadline in force", default=NEVER)


@contextmanager
def in_force(deadline: Deadline) -> Iterator[None]:
    """Let `checkpoint` end what runs meanwhile at this deadline, or at one in force already."""
    before = _IN_FORCE.set(Deadline(min(deadline.end, _IN_FORCE.get().end)))
    try:
        yield
    finally:
        _IN_FORCE.reset(before)


def remaining_seconds() -> float:
    """Return the seconds that the deadline in force leaves, infinity without one."""
    return _IN_FORCE.get().remaining_seconds


def checkpoint() -> None:
    """End a piece of work if the deadline in force has passed.

    Raises
    ------
    OutOfTimeError
        Then; without a deadline in force never.
    """
    if time.monotonic() > _IN_FORCE.get().end:
        raise OutOfTimeError
