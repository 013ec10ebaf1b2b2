"""``relaxgap run``: click takes the command line, Hydra the configuration."""

import os
import re
import sys
from typing import Any

import click
import hydra
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from relaxgap.cli.interruption import InterruptedRunError
from relaxgap.cli.session import run_session
from relaxgap.errors import ConfigurationError, RelaxgapError
from relaxgap.experiments.catalogue import EXPERIMENTS
from relaxgap.runner.config import config_dir, known_keys, option_names, register_schemas, unknown

HYDRA_EPILOG = (
    "OVERRIDES are Hydra's: experiment=gap_vs_width, scale=ci, data.labels=signs, "
    "'grid.seed=[0,1,2]', runner.n_jobs=1. -m sweeps (-m regularisation.beta_fraction=0.1,0.01); "
    "--cfg job prints the config and runs nothing."
)


@click.command(
    "run",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    epilog=HYDRA_EPILOG,
)
@click.option("--dry-run", is_flag=True, help="Print the grid and how many cells are done.")
@click.option("--force", is_flag=True, help="Redo finished cells.")
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED)
def run_command(dry_run: bool, force: bool, overrides: tuple[str, ...]) -> None:
    """Run an experiment: finish its missing cells, write CSV, manifest and figures.

    Interrupted runs resume: the same command again runs only what is missing.
    """
    flags = ["runner.dry_run=true"] * dry_run + ["runner.force=true"] * force
    sys.exit(run_hydra([*overrides, *flags]))


def run_hydra(arguments: list[str]) -> int:
    """Compose the config with Hydra and run each of its jobs; return the exit code.

    Raises
    ------
    ConfigurationError
        If the overrides do not compose, with the nearest known name.
    """
    arguments = _flags_last(arguments)
    arguments = [part for argument in arguments for part in _replacing_axes(argument)]
    codes: list[int] = []
    errors: list[RelaxgapError | BrokenPipeError] = []
    jobs: list[list[str]] = []

    def job(config: object) -> None:
        if any(isinstance(error, InterruptedRunError) for error in errors):
            return
        # errors are raised again below: Hydra would print its own lines around them
        try:
            jobs.append(list(HydraConfig.get().overrides.task))
            plain = OmegaConf.to_container(config, resolve=False)
            codes.append(run_session(plain, jobs[-1]))  # type: ignore[arg-type]
        except (RelaxgapError, BrokenPipeError) as error:
            errors.append(error)
        except OmegaConfBaseException as error:
            errors.append(ConfigurationError(_explain(error)))

    register_schemas()
    previous = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    # with full errors Hydra lets exceptions through instead of printing them its own way
    os.environ["HYDRA_FULL_ERROR"] = "1"
    sys.argv = ["relaxgap run", *arguments]
    try:
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(job)()
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigurationError(_explain(error)) from error
    except ValueError as error:
        if jobs:
            raise
        raise ConfigurationError(_explain(error)) from error
    finally:
        sys.argv = previous[0]
        if previous[1] is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = previous[1]
        GlobalHydra.instance().clear()
    for earlier in errors[:-1]:
        click.echo(f"relaxgap: {' '.join(str(earlier).split())}", err=True)
    if errors:
        raise errors[-1]
    return max(codes, default=0)


def compose_plain(overrides: list[str]) -> dict[str, Any]:
    """Compose a plain config without running it."""
    register_schemas()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        try:
            config = compose("config", overrides)
        except (HydraException, OmegaConfBaseException) as error:
            raise ConfigurationError(_explain(error)) from error
    return OmegaConf.to_container(config, resolve=False)  # type: ignore[return-value]


def _explain(error: Exception) -> str:
    """Turn Hydra's message into one line with the nearest known name."""
    text = str(error)
    groups = [path.name for path in config_dir().iterdir() if path.is_dir()]
    option = re.search(r"Could not find '([\w.-]+)/([\w.-]+)'", text)
    if option and option[1] in groups:
        return unknown(option[1], option[2], option_names(option[1]))
    if option:
        return unknown("config group", option[1], groups)
    key = re.search(
        r"Could not override '([^']+)'|Could not delete from config. '([^']+)'|"
        r"Key '([^']+)' is not in struct|No match in the defaults "
        r"list[^']*'?([\w./@-]+)",
        text,
    )
    if key:
        GlobalHydra.instance().clear()
        name = next(group for group in key.groups() if group)
        return unknown("setting", name, [*known_keys(compose_plain([])), *groups])
    word = re.search(r"Error parsing override '([^'=]+)'", text)
    if word and word[1] in EXPERIMENTS:
        return f"Expected overrides key=value, got {word[1]!r}; write experiment={word[1]}."
    if word:
        return f"Expected overrides key=value, got {word[1]!r}; add its key and '='."
    reasons = [text.splitlines()[0], *str(error.__cause__ or "").splitlines()[:1]]
    return f"Expected overrides that Hydra can read, got: {'; '.join(reasons)}"


def _replacing_axes(argument: str) -> list[str]:
    """Let a list replace an axis that has one list for each scale, which Hydra cannot merge."""
    axis = re.match(r"(grid\.[\w.]+)=\[", argument)
    return [f"~{axis[1]}", f"+{argument}"] if axis else [argument]


def _flags_last(arguments: list[str]) -> list[str]:
    """Put Hydra's flags behind the overrides, which its parser takes in one block only."""
    actions = {name: a for a in get_args_parser()._actions for name in a.option_strings}
    flags: list[str] = []
    overrides: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        flag, equals, _ = argument.partition("=")
        if not flag.startswith("-"):
            overrides.append(argument)
            continue
        if flag not in actions:
            raise ConfigurationError(unknown("option", flag, {*actions, "--dry-run", "--force"}))
        flags.append(argument)
        takes = actions[flag].nargs is None or rest[:1] in [
            [c] for c in actions[flag].choices or ()
        ]
        if takes and not equals and rest:
            flags.append(rest.pop(0))
    return [*overrides, *flags]
