"""The columns of a bar, shared by runs and paths; nothing of the mathematics is imported."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def bar_columns(*after_count: ProgressColumn) -> tuple[ProgressColumn, ...]:
    """Return name, bar, count, what is added to it, and the times since and to the end."""
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        *after_count,
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
