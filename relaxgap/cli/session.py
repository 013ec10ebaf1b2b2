"""One run of one experiment: cells, progress, summary, manifest, figures, and what it says."""

import csv
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from relaxgap.cli.grid_report import print_grid, warn_of_memory
from relaxgap.cli.interruption import INTERRUPTED, InterruptedRunError
from relaxgap.cli.run_progress import run_progress
from relaxgap.cli.shown_text import cut, error_line, printable
from relaxgap.errors import StorageError
from relaxgap.experiments.experiment import Experiment
from relaxgap.numerics.writing import remove_leftovers, write_text
from relaxgap.runner.config import RunnerSettings, checked, chosen_experiment
from relaxgap.runner.execute import Outcome, missing_cells
from relaxgap.runner.executors.choice import chosen_executor
from relaxgap.runner.executors.executor import EndedEarlyError, Executor
from relaxgap.runner.executors.local import n_workers
from relaxgap.runner.figures import draw_summary, result_table
from relaxgap.runner.forecast import forecasts, longest_first
from relaxgap.runner.grid import GridPoint, grid_points
from relaxgap.runner.kept_rows import with_kept_rows
from relaxgap.runner.lock import alone_in
from relaxgap.runner.manifest import manifest
from relaxgap.runner.schema import frozen
from relaxgap.runner.store import CellStore
from relaxgap.runner.summary import output_folder, summary_text

SHOWN_FAILURES = 5
RESULTS = "results"
"""The folder that commands read where none is named."""


def run_session(config: Mapping[str, Any], overrides: Sequence[str]) -> int:
    """Run what is missing of an experiment's grid and write its results.

    Parameters
    ----------
    config : mapping
        The composed config, not yet checked.
    overrides : sequence of str
        What the user changed; it names the output folder.

    Returns
    -------
    int
        0, or 1 if a cell failed.

    Raises
    ------
    InterruptedRunError
        After Ctrl-C or the end of what runs the cells, once the finished cells are summarised.
    """
    points = points_of(config, overrides)
    full = checked(config)
    experiment = chosen_experiment(full)
    runner, name = frozen(RunnerSettings, full["runner"]), experiment.name
    store = store_of(full)
    folder = output_folder(runner.results_dir, name, overrides)
    todo = missing_cells(points, store, runner.force)
    known = forecasts(todo, store.load_all() if todo else [])
    if runner.dry_run:
        print_grid(name, points, known)
    if runner.scheduler is None:
        warn_of_memory(known, n_workers(runner.n_jobs, len(todo)))
    if runner.dry_run:
        return 0
    todo = longest_first(todo, known)
    store.check_writable()
    for place in (store.folder, folder):
        remove_leftovers(place)
    failures, interruption = _run(name, todo, len(points), store, chosen_executor(runner))
    _report(failures)
    with alone_in(store.folder):
        stored = [content for point in points if (content := store.load(point.key)) is not None]
        if stored:
            _write_results(folder, experiment, full, overrides, stored, len(points))
    if interruption:
        raise InterruptedRunError(interruption)
    return 1 if failures else 0


def store_of(config: Mapping[str, Any]) -> CellStore:
    """Return where the cells of a run are kept."""
    experiment = chosen_experiment(config)
    home = Path(config["runner"]["results_dir"]) / experiment.name
    return CellStore(home / "cells", experiment.columns)


def points_of(config: Mapping[str, Any], overrides: Sequence[str]) -> list[GridPoint]:
    """Return the grid of a run, whose axes what the user changed replaces.

    Raises
    ------
    ConfigurationError
        If the config cannot be run.
    """
    return grid_points(config, {item.partition("=")[0].lstrip("+") for item in overrides})


def _write_results(
    folder: Path,
    experiment: Experiment,
    full: Mapping[str, Any],
    overrides: Sequence[str],
    stored: Sequence[Mapping[str, Any]],
    n_cells: int,
) -> None:
    name = experiment.name
    write_text(folder / "summary.csv", _summary(folder, experiment, stored))
    write_text(folder / "manifest.json", manifest(full, overrides, stored, n_cells))
    figures = draw_summary(name, folder)
    click.echo(result_table(name, folder))
    if len(stored) < n_cells:
        click.echo(f"\n{len(stored)} of {n_cells} cells finished; the rest is missing above.")
    click.echo(f"\nall results on one page: {_report_command(full['runner']['results_dir'])}")
    click.echo("written:")
    for path in (folder / "summary.csv", folder / "manifest.json", *figures):
        click.echo(printable(f"  {path}"))


def _report_command(results_dir: str) -> str:
    own = [] if results_dir == RESULTS else [results_dir]
    return printable(shlex.join(["relaxgap", "report", *own]))


def _summary(folder: Path, experiment: Experiment, stored: Sequence[Mapping[str, Any]]) -> str:
    text = summary_text(experiment, stored)
    path = folder / "summary.csv"
    if not experiment.optional or not path.is_file():
        return text
    with suppress(OSError, ValueError, csv.Error):
        merged = with_kept_rows(text, path.read_text(encoding="utf-8"), experiment.optional)
        if merged.names:
            click.echo(
                f"relaxgap: {', '.join(merged.names)}: absent here; the rows measured before are "
                "kept.",
                err=True,
            )
        return merged.text
    return text


def _run(
    name: str, todo: Sequence[GridPoint], n_cells: int, store: CellStore, executor: Executor
) -> tuple[list[Outcome], str]:
    """Run the missing cells and say how far it is; return the failures and what ended it early."""
    failures: list[Outcome] = []
    if not todo:
        return failures, ""
    try:
        with (
            executor.running(todo, store) as outcomes,
            run_progress(name, n_cells, n_cells - len(todo)) as count,
        ):
            for outcome in outcomes:
                if outcome.storage_error:
                    raise StorageError(outcome.storage_error)
                if outcome.error:
                    failures.append(outcome)
                count(failed=bool(outcome.error))
    except KeyboardInterrupt:
        return failures, INTERRUPTED
    except EndedEarlyError as error:
        return failures, str(error)
    return failures, ""


def _report(failures: Sequence[Outcome]) -> None:
    for outcome in failures[:SHOWN_FAILURES]:
        said = error_line(f"cell failed: {cut(outcome.point.label)}: {outcome.error}")
        click.echo(f"relaxgap: {said}", err=True)
    if len(failures) > SHOWN_FAILURES:
        click.echo(f"relaxgap: and {len(failures) - SHOWN_FAILURES} more failed cells.", err=True)
    if failures:
        click.echo(
            f"relaxgap: {len(failures)} cells failed; the same command tries them again.", err=True
        )
