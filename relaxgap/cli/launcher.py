"""Jobs of a sweep through Hydra's submitit launcher: on Slurm, or in processes in its place.

Hydra's own settings run what they name: of them a command may choose these launchers and set what
they tell the queue, and nothing else.
"""

import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import click
import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from relaxgap.cli.interruption import InterruptedRunError
from relaxgap.cli.overrides import ConfigSource
from relaxgap.cli.session import run_session
from relaxgap.cli.shown_text import error_line
from relaxgap.errors import ConfigurationError, RelaxgapError
from relaxgap.runner.compose import one_line
from relaxgap.runner.config_files import config_dir
from relaxgap.runner.nearest import unknown

LAUNCHERS = {"submitit_slurm": "SlurmQueueConf", "submitit_local": "LocalQueueConf"}
"""Options of Hydra's launcher, and where the plugin describes their settings."""
CHOICE, SETTING = "hydra/launcher=", "hydra.launcher."


@dataclass(frozen=True, slots=True)
class Launch:
    """Hold what a command says of the launcher, and the overrides that it says of the run."""

    launcher: tuple[str, ...]
    overrides: tuple[str, ...]


def split(arguments: Sequence[str]) -> Launch:
    """Take the launcher from the arguments of a command, which need not name one.

    Raises
    ------
    ConfigurationError
        If the launcher's package is missing, or it has no such setting.
    """
    chosen = [one for one in arguments if one in [f"{CHOICE}{name}" for name in LAUNCHERS]]
    if not chosen:
        return Launch((), tuple(arguments))
    known = _settings(chosen[-1].removeprefix(CHOICE))
    settings = [one for one in arguments if one.startswith(SETTING)]
    for one in settings:
        name = one.partition("=")[0].removeprefix(SETTING)
        if name not in known:
            raise ConfigurationError(unknown("setting of the launcher", name, known))
    own = (*chosen, *settings)
    return Launch(own, tuple(one for one in arguments if one not in own))


def _settings(launcher: str) -> list[str]:
    try:
        plugin = importlib.import_module("hydra_plugins.hydra_submitit_launcher.config")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"Expected the package hydra-submitit-launcher for {CHOICE}{launcher}, found none; run "
            "pip install 'relaxgap[slurm]', or leave it out."
        ) from error
    named = (field.name for field in fields(getattr(plugin, LAUNCHERS[launcher])))
    return [name for name in named if not name.startswith("_")]


def launch(launch: Launch, source: ConfigSource) -> None:
    """Submit the jobs of a sweep and wait until they have ended.

    What a job says is in its log; what it finished is in the store.

    Parameters
    ----------
    launch : Launch
        Overrides are checked.
    source : ConfigSource
        Where configs come from besides ``conf/``.

    Raises
    ------
    ConfigurationError
        If there is no such queue here, or it refuses the jobs.
    InterruptedRunError
        If a job was lost, or after Ctrl-C.
    """
    folder = f"multirun/{time.strftime('%Y-%m-%d_%H-%M-%S')}"
    of_hydra = [
        f"hydra.sweep.dir={folder}",
        "hydra.sweep.subdir=.",
        "hydra.output_subdir=null",
        "hydra/hydra_logging=disabled",
        "hydra/job_logging=disabled",
    ]
    flags = [f"--config-dir={source.folder}"] if source.folder else []
    logs = f"logs of the jobs: {folder}/.submitit"
    click.echo(f"relaxgap: submitting; {logs}", err=True)
    arguments = ["-m", *launch.launcher, *of_hydra, *launch.overrides, *flags]
    from submitit.core.utils import FailedJobError, UncompletedJobError

    try:
        with_hydra(arguments, source.name, _job)
    except KeyboardInterrupt as error:
        raise InterruptedRunError(
            f"interrupted; jobs on a queue go on (scancel ends them), {logs}."
        ) from error
    except (UncompletedJobError, FailedJobError) as error:
        raise InterruptedRunError(
            f"Expected every job to end, got one lost: {' '.join(str(error).split())[:200]}; "
            f"finished cells are kept: the same command resumes; {logs}."
        ) from error
    except RuntimeError as error:
        raise ConfigurationError(
            f"Expected a queue that takes the jobs, got: {' '.join(str(error).split())}; run it "
            "where sbatch is, or use hydra/launcher=submitit_local."
        ) from error


def with_hydra(
    arguments: Sequence[str], config_name: str, task: Callable[[DictConfig], Any]
) -> None:
    """Let Hydra read its own flags and run a task.

    Raises
    ------
    ConfigurationError
        If Hydra cannot read the arguments.
    """
    previous = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    # with full errors Hydra lets exceptions through instead of printing them its own way
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = ["relaxgap run", *arguments]
    try:
        folder = str(config_dir())
        hydra.main(version_base="1.3", config_path=folder, config_name=config_name)(task)()
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise ConfigurationError(one_line(error)) from error
    finally:
        sys.argv = previous[0]
        if previous[1] is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = previous[1]
        GlobalHydra.instance().clear()


def _job(config: DictConfig) -> None:
    """Run one job on its node; what it could not do is missing from the store."""
    overrides = OmegaConf.to_container(HydraConfig.get().overrides.task)
    plain = OmegaConf.to_container(config)
    try:
        run_session(plain, overrides)  # type: ignore[arg-type]
    except RelaxgapError as error:
        with suppress(OSError):
            click.echo(f"relaxgap: {error_line(error)}", err=True)
