"""Progress on standard error: one live line for a bracket, one bar for a path."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from relaxgap.analysis.bracketing import BracketPoint
from relaxgap.analysis.solved_path import PathPoint
from relaxgap.cli.progress_columns import bar_columns


@contextmanager
def bracket_line() -> Iterator[Callable[[BracketPoint], None]]:
    """Yield what shows a bracket, if standard error is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    live = Progress(*columns, console=console, disable=not console.is_terminal)
    with _from_the_first(live) as progress:
        task = progress.add_task("", total=None)

        def show(point: BracketPoint) -> None:
            progress.start()
            progress.update(
                task,
                description=f"lower {point.lower_bound:.6g}  upper {point.upper_bound:.6g}  "
                f"gap {100.0 * point.relative_gap:.2g}%  {point.certificate}",
            )

        yield show


@contextmanager
def path_bar(n_points: int) -> Iterator[Callable[[PathPoint], None]]:
    """Yield what moves a bar on by one point."""
    with _from_the_first(Progress(*bar_columns(), console=Console(stderr=True))) as progress:
        task = progress.add_task("path", total=n_points)

        def show(point: PathPoint) -> None:
            progress.start()
            progress.update(task, description=f"beta = {point.beta:.3g}", advance=1)

        yield show


@contextmanager
def counted(what: str, n_items: int) -> Iterator[Callable[[str], None]]:
    """Yield what moves a bar on by one named item, if standard error is a terminal."""
    console = Console(stderr=True)
    bar = Progress(*bar_columns(), console=console, disable=not console.is_terminal)
    with _from_the_first(bar) as progress:
        task = progress.add_task(what, total=n_items)

        def show(name: str) -> None:
            progress.start()
            progress.update(task, description=f"{what}: {name}", advance=1)

        yield show


@contextmanager
def _from_the_first(progress: Progress) -> Iterator[Progress]:
    """Leave the terminal alone until something is shown: a refusal is one line."""
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()
