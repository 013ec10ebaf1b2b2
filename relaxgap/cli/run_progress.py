"""How far a run is, on standard error: a bar on a terminal, a line a minute elsewhere."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, TextColumn

from relaxgap.cli.progress_columns import bar_columns

SECONDS_BETWEEN_LINES = 60.0


class RunProgress(Protocol):
    """Show one more cell that has ended."""

    def __call__(self, *, failed: bool) -> None:
        """Count the cell."""


@contextmanager
def run_progress(name: str, n_cells: int, n_done: int) -> Iterator[RunProgress]:
    """Yield what counts the cells of a run."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(name, n_cells, n_done, console) as count:
            yield count
        return
    lines, ended = MinuteLines(name, n_cells, n_done, console), threading.Event()
    watcher = threading.Thread(target=lines.write_until, args=(ended.wait,), daemon=True)
    watcher.start()
    try:
        yield lines.count
    finally:
        ended.set()
        watcher.join()
        lines.write()


@contextmanager
def _bar(name: str, n_cells: int, n_done: int, console: Console) -> Iterator[RunProgress]:
    columns = bar_columns(TextColumn("{task.fields[failed]} failed"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=n_cells, completed=n_done, failed=0)
        n_failed = 0

        def count(*, failed: bool) -> None:
            nonlocal n_failed
            n_failed += failed
            progress.update(task, advance=1, failed=n_failed)

        yield count


class MinuteLines:
    """Write how far a run is, one line at a time.

    Parameters
    ----------
    n_cells, n_done : int
        Cells of the grid, and those that were finished before.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self,
        name: str,
        n_cells: int,
        n_done: int,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._n_cells, self._n_done = name, n_cells, n_done
        self._console, self._clock, self._began = console, clock, clock()
        self._n_ended = self._n_failed = 0

    def count(self, *, failed: bool) -> None:
        """Count one more cell."""
        self._n_ended += 1
        self._n_failed += failed

    def write_until(self, ended: Callable[[float], bool]) -> None:
        """Write a line each minute, however long a cell takes.

        Parameters
        ----------
        ended : callable
            Waits so many seconds for the end of the run and says whether it came.
        """
        while not ended(SECONDS_BETWEEN_LINES):
            self.write()

    def write(self) -> None:
        """Write a line."""
        seconds = self._clock() - self._began
        n_finished = self._n_done + self._n_ended
        said = f"{self._name}: {n_finished}/{self._n_cells} cells, {self._n_failed} failed"
        if self._n_ended and n_finished < self._n_cells:
            left = seconds / self._n_ended * (self._n_cells - n_finished)
            said += f", ETA {_duration(left)}"
        # a log on a full disk does not end the run
        with suppress(OSError):
            self._console.print(
                f"{said}, after {_duration(seconds)}", highlight=False, soft_wrap=True
            )


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
