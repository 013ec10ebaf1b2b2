"""How long work may take: one deadline reaches everything that runs under it."""

import math
import time
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
