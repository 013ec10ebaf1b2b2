"""``relaxgap run``: click takes the command line, Hydra the configuration."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from omegaconf.errors import OmegaConfBaseException

from relaxgap.cli.interruption import InterruptedRunError
from relaxgap.cli.jobs import jobs
from relaxgap.cli.launcher import Launch, split, with_hydra
from relaxgap.cli.launcher import launch as submit
from relaxgap.cli.overrides import ConfigSource, checked_overrides
from relaxgap.cli.session import points_of, run_session, store_of
from relaxgap.cli.shown_text import error_line
from relaxgap.errors import ConfigurationError, RelaxgapError, StorageError
from relaxgap.runner.compose import CONFIG_NAME, one_line
from relaxgap.runner.execute import missing_cells
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.nearest import unknown
from relaxgap.runner.store import CellStore

T = TypeVar("T")
Grid = tuple[list[GridPoint], CellStore]

DRY_RUN = "runner.dry_run=true"
INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
HYDRA_EPILOG = (
    "OVERRIDES are Hydra's: experiment=gap_vs_width, scale=ci, data.labels=signs, "
    "'grid.seed=[0,1]' or grid.seed=0..19 (both ends included), runner.n_jobs=1. -m sweeps "
    "(-m regularisation.beta_fraction=0.1,0.01); --cfg job prints the config and runs nothing."
)


@click.command("run", context_settings={"ignore_unknown_options": True}, epilog=HYDRA_EPILOG)
@click.option(
    "--dry-run", is_flag=True, help="Print the grid, what is done and what the rest may take."
)
@click.option("--force", is_flag=True, help="Redo finished cells.")
@click.option("-m", "--multirun", is_flag=True, help="Run every combination of a,b,c values.")
@click.option("-c", "--cfg", type=click.Choice(("job", "hydra", "all")), help="Print the config.")
@click.option("--resolve", is_flag=True, help="With --cfg: resolve its interpolations.")
@click.option("-p", "--package", help="With --cfg: only this part, as grid or data.")
@click.option(
    "--info", type=click.Choice(INFO), is_flag=False, flag_value="all", help="Describe the config."
)
@click.option(
    "--config-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of more options, as experiment/mine.yaml.",
)
@click.option("--config-name", default=CONFIG_NAME, help="Of another primary config.")
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED)
def run_command(
    dry_run: bool,
    force: bool,
    multirun: bool,
    cfg: str | None,
    resolve: bool,
    package: str | None,
    info: str | None,
    config_dir: Path | None,
    config_name: str,
    overrides: tuple[str, ...],
) -> None:
    """Run an experiment: finish its missing cells, write CSV, manifest and figures.

    Interrupted runs resume: the same command again runs only what is missing.
    """
    own = [DRY_RUN] * dry_run + ["runner.force=true"] * force
    source = ConfigSource(config_name, config_dir)
    arguments = [*overrides, *own]
    if cfg is None and info is None:
        sys.exit(run_jobs(arguments, multirun, source))
    named = {"--cfg": cfg, "--package": package, "--info": info, "--config-dir": config_dir}
    flags = ["--resolve"] * resolve
    flags += [f"{flag}={value}" for flag, value in named.items() if value is not None]
    show_config(arguments, flags, source)


def run_jobs(
    arguments: Sequence[str], sweeps: bool = False, source: ConfigSource | None = None
) -> int:
    """Compose the config of each job with Hydra and run it here; return the exit code.

    Nothing but composing is left to Hydra, and the submission of jobs to a queue: its other
    launchers, callbacks and folders run and write whatever a config names.

    Parameters
    ----------
    arguments : sequence of str
        Overrides.
    sweeps : bool
        Whether values ``a,b,c`` are swept over.
    source : ConfigSource, optional
        Where configs come from besides ``conf/``.

    Raises
    ------
    ConfigurationError
        If the overrides do not compose, with the nearest known name.
    """
    _refuse_deleted_folder()
    source = source or ConfigSource()
    launch = split(arguments)
    overrides = _checked(launch.overrides, source)
    chosen = jobs(overrides, sweeps)
    if launch.launcher and not sweeps:
        raise ConfigurationError(
            f"Expected a sweep for {launch.launcher[0]}, got a single job; add -m."
        )
    grids: list[Grid] = []
    if len(chosen) > 1 or launch.launcher:
        # hours of the first jobs should not end in the refusal of a later one
        grids = _each(chosen, lambda job: _grid(source.compose(job).config, job))
    if launch.launcher and DRY_RUN not in overrides:
        # configs cannot be composed any more once Hydra has brought back those of the jobs
        submit(Launch(launch.launcher, tuple(overrides)), source)
        return max([_is_unfinished(*grid) for grid in zip(chosen, grids, strict=True)])
    return max(_each(chosen, lambda job: run_session(source.compose(job).config, job)))


def _grid(config: Mapping[str, Any], job: Sequence[str]) -> Grid:
    return points_of(config, job), store_of(config)


def _is_unfinished(job: Sequence[str], grid: Grid) -> int:
    """Say that cells of a job are missing once it has ended, and return the exit code for it."""
    points, missing = grid[0], missing_cells(*grid)
    if missing:
        click.echo(
            f"relaxgap: {' '.join(job)}: {len(missing)} of {len(points)} cells are missing; the "
            "log of the job says why, and the same command tries them again.",
            err=True,
        )
    return int(bool(missing))


def _each(chosen: Sequence[list[str]], work: Callable[[list[str]], T]) -> list[T]:
    """Do something for each job; raise its last error once all are done and the others said."""
    results: list[T] = []
    errors: list[RelaxgapError] = []
    for job in chosen:
        try:
            results.append(work(job))
        except InterruptedRunError as error:
            errors.append(error)
            break
        except RelaxgapError as error:
            errors.append(error)
        except OmegaConfBaseException as error:
            errors.append(ConfigurationError(one_line(error)))
    for earlier in errors[:-1]:
        click.echo(f"relaxgap: {error_line(earlier)}", err=True)
    if errors:
        raise errors[-1]
    return results


def show_config(arguments: Sequence[str], flags: Sequence[str], source: ConfigSource) -> None:
    """Let Hydra print what it composes; ``flags`` are its own options, already checked."""
    arguments = _checked(arguments, source)
    with_hydra([*arguments, *flags], source.name, _nothing)


def _nothing(config: object) -> None:
    """Run nothing: with these flags Hydra prints and ends."""


def _checked(arguments: Sequence[str], source: ConfigSource) -> list[str]:
    for argument in arguments:
        if argument.startswith("-"):
            options = [name for option in run_command.params for name in option.opts]
            flag = argument.partition("=")[0]
            raise ConfigurationError(unknown("option", flag, options))
    return checked_overrides(arguments, source)


def _refuse_deleted_folder() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise StorageError(
            "Expected a working folder to write results under, got one that was deleted; change "
            "to another."
        ) from error
