"""What ``--dry-run`` prints of a grid, and the warning that it may not fit the memory."""

from collections.abc import Sequence

import click

from relaxgap.cli.shown_text import cut, printable
from relaxgap.numerics.memory import machine_bytes
from relaxgap.runner.forecast import Forecast, Forecasts
from relaxgap.runner.grid import GridPoint


def print_grid(name: str, points: Sequence[GridPoint], known: Forecasts) -> None:
    """Print a line a cell, then how many are left and what they may take.

    Parameters
    ----------
    known : Forecasts
        Of the cells that are missing.
    """
    for point in points:
        label = " ".join(map(cut, printable(point.label).split(" ")))
        if point.key in known.of:
            click.echo(f"missing {point.key} {label}{_expected(known.of[point.key])}")
        else:
            click.echo(f"done    {point.key} {label}")
    n_missing = len(known.of)
    seconds = [each.seconds for each in known.of.values() if each.seconds is not None]
    if seconds:
        click.echo(
            f"about {sum(seconds):.3g} s of work, the longest cell {max(seconds):.3g} s, by the "
            f"growth of {known.n_cells} finished cells, which is off by a factor of "
            f"{known.typical_factor:.2f} there"
        )
    click.echo(f"{name}: {len(points)} cells, {len(points) - n_missing} done, {n_missing} to run")


def _expected(forecast: Forecast) -> str:
    said = []
    if forecast.seconds is not None:
        said.append(f"{forecast.seconds:.3g} s")
    if forecast.peak_bytes is not None:
        said.append(f"{forecast.peak_bytes / 1e6:.3g} MB")
    return f" (about {', '.join(said)})" if said else ""


def warn_of_memory(known: Forecasts, n_workers: int) -> None:
    """Say on standard error that the largest cells at once may be more than this machine holds."""
    peaks = sorted((each.peak_bytes for each in known.of.values() if each.peak_bytes), reverse=True)
    held, there = sum(peaks[:n_workers]), machine_bytes()
    if held > there:
        fitting = [n for n in range(1, n_workers + 1) if sum(peaks[:n]) <= there]
        advice = f"runner.n_jobs={fitting[-1]} fits" if fitting else "the largest alone may not fit"
        click.echo(
            f"relaxgap: {min(n_workers, len(peaks))} cells at once may take {held / 1e9:.3g} GB, "
            f"and this machine has {there / 1e9:.3g} GB; {advice}.",
            err=True,
        )
