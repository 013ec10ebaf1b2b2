"""Ctrl-C, SIGTERM and SIGHUP in one place: the first ends the work, the next leave its end alone.

The end of interrupted work (workers to stop, a summary to write) must not be interrupted itself:
the libraries that do it hang or print tracebacks. Whoever asks again after `PATIENCE_SECONDS` gets
out at once.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What a terminal, ``timeout``, a queue and a terminal that closes send."""
PATIENCE_SECONDS = 10.0
SECONDS_UNTIL_REPEATED = 0.05
TOO_LONG = b"relaxgap: ended at once: its own end took too long; finished cells are kept.\n"


class Interrupts:
    """Raise `KeyboardInterrupt` for the first signal only.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: float | None = None
        self._last: int = signal.SIGINT
        self._held = 0
        self._is_due = False

    @property
    def asked(self) -> bool:
        """Whether the work was asked to end."""
        return self._asked is not None

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        self._last = number
        if self._asked is None:
            self._asked = self._clock()
            if self._held:
                self._is_due = True
            else:
                raise KeyboardInterrupt
        elif self._clock() - self._asked > PATIENCE_SECONDS:
            with suppress(OSError):
                os.write(2, TOO_LONG)
            os._exit(1)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal wait until the block has ended."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._is_due and not self._held:
                self._is_due = False
                raise KeyboardInterrupt

    def end(self) -> None:
        """Leave what follows alone, as after a signal."""
        if self._asked is None:
            self._asked = self._clock()

    def repeat(self) -> None:
        """Send again, a moment later, the signal that was raised where nothing propagates."""
        self._asked = None
        again = threading.Timer(SECONDS_UNTIL_REPEATED, self._send)
        again.daemon = True
        again.start()

    def _send(self) -> None:
        main = threading.main_thread().ident
        if main is not None and signal.getsignal(self._last) == self.receive:
            signal.pthread_kill(main, self._last)


_active: list[Interrupts] = []
"""The innermost last; one command is one of them."""


@contextmanager
def interruptible(for_good: bool = False) -> Iterator[Interrupts]:
    """Handle the signals until the block ends; within another such block, leave it in charge.

    A signal that was ignored stays ignored (``nohup``, a job in the background), one with a
    handler of the caller's own keeps it.

    Parameters
    ----------
    for_good : bool
        Do not put the handlers of before back: the process ends with the block.
    """
    if _active:
        yield _active[-1]
        return
    interrupts = Interrupts()
    previous: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        ours = (signal.SIG_DFL, signal.default_int_handler)
        previous = {n: signal.getsignal(n) for n in SIGNALS if signal.getsignal(n) in ours}
    report = sys.unraisablehook

    def unraisable(found: "sys.UnraisableHookArgs") -> None:
        if issubclass(found.exc_type, KeyboardInterrupt):
            interrupts.repeat()
        else:
            report(found)

    _active.append(interrupts)
    if previous:
        sys.unraisablehook = unraisable
    try:
        for number in previous:
            signal.signal(number, interrupts.receive)
        yield interrupts
    finally:
        for number, handler in ({} if for_good else previous).items():
            signal.signal(number, handler)
        if previous:
            sys.unraisablehook = report
        _active.pop()


@contextmanager
def held() -> Iterator[None]:
    """Let signals wait while processes are started or stopped."""
    if not _active:
        yield
        return
    with _active[-1].held():
        yield


@contextmanager
def blocked() -> Iterator[None]:
    """Start processes that no signal reaches before they say what they do with it."""
    with held():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore() -> None:
    """Leave the signals to the process that started this one, blocked at its start or not."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
