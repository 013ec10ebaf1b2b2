"""Workers are started so that Ctrl-C in their terminal reaches the run alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

from relaxgap.runner import interrupts


@contextmanager
def kept_from_workers() -> Iterator[None]:
    """Start processes, and threads that start some, with the signals blocked."""
    with interrupts.blocked():
        # started with the first worker it would unblock the signals
        resource_tracker.ensure_running()
        with interrupts.blocked():
            yield
