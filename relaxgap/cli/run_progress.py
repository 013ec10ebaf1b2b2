"""How far a run is, on standard error: a bar on a terminal, a line a minute elsewhere."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

SECONDS_BETWEEN_LINES = 60.0


class RunProgress(Protocol):
    """Show one more cell that has ended."""

    def __call__(self, *, failed: bool) -> None:
        """Count the cell."""


@contextmanager
def run_progress(name: str, n_cells: int, n_done: int) -> Iterator[RunProgress]:
    """Yield what counts the cells of a run."""
    console = Console(stderr=True)
    shown = _bar if console.is_terminal else minute_lines
    with shown(name, n_cells, n_done, console) as count:
        yield count


@contextmanager
def _bar(name: str, n_cells: int, n_done: int, console: Console) -> Iterator[RunProgress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=n_cells, completed=n_done, failed=0)
        n_failed = 0

        def count(*, failed: bool) -> None:
            nonlocal n_failed
            n_failed += failed
            progress.update(task, advance=1, failed=n_failed)

        yield count


@contextmanager
def minute_lines(
    name: str,
    n_cells: int,
    n_done: int,
    console: Console,
    wait: Callable[[float], bool] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[RunProgress]:
    """Write a line each minute, however long a cell takes, and one at the end.

    Parameters
    ----------
    wait : callable, optional
        Waits so many seconds and says whether the run has ended meanwhile.
    clock : callable
        Seconds that never go back.
    """
    ended, began = threading.Event(), clock()
    counted = {"ended": 0, "failed": 0}

    def count(*, failed: bool) -> None:
        counted["ended"] += 1
        counted["failed"] += failed

    def line() -> None:
        n_ended, seconds = counted["ended"], clock() - began
        left = n_cells - n_done - n_ended
        said = f"{name}: {n_done + n_ended}/{n_cells} cells, {counted['failed']} failed"
        if n_ended and left:
            said += f", ETA {_duration(seconds / n_ended * left)}"
        console.print(f"{said}, after {_duration(seconds)}", highlight=False, soft_wrap=True)

    def watch() -> None:
        while not (wait or ended.wait)(SECONDS_BETWEEN_LINES):
            line()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield count
    finally:
        ended.set()
        watcher.join()
        line()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
