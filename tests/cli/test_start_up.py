import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from relaxgap.cli.main import COMMANDS, main

HEAVY = {"cvxpy", "pandas", "matplotlib", "scipy.stats", "sklearn", "hydra", "rich"}
CALLED = (
    "import atexit, json, sys; from relaxgap.cli.main import main; "
    "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr)); "
    "main(prog_name='relaxgap')"
)


def run(*arguments: str, **environment: str) -> tuple[str, set[str]]:
    """Return what a fresh process prints and the modules it has loaded at its end."""
    result = subprocess.run(
        [sys.executable, "-c", CALLED, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return result.stdout, set(json.loads(result.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]], ids=" ".join)
def test_help_and_version_load_no_command(arguments: list[str]) -> None:
    said, modules = run(*arguments)
    assert said
    assert not HEAVY & modules
    assert not {"numpy", "scipy", "jaxtyping", *(f"relaxgap.cli.{n}" for n in COMMANDS)} & modules


def test_completion_of_a_command_loads_no_command() -> None:
    said, modules = run(
        _RELAXGAP_COMPLETE="bash_complete", COMP_WORDS="relaxgap so", COMP_CWORD="1"
    )
    assert said.split() == ["plain,solve"]
    assert not {"numpy", "relaxgap.cli.solve"} & modules


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_sentence_of_each_ones_help(name: str) -> None:
    with click.Context(main) as ctx:
        found, command, rest = main.resolve_command(ctx, [name, "x"])
    assert (found, rest) == (name, ["x"])
    assert command is not None
    assert command.name == name
    assert command.help is not None
    first = " ".join(command.help.split("\n\n")[0].split())
    assert first == COMMANDS[name]


def test_the_help_lists_every_command_with_a_whole_sentence() -> None:
    said = " ".join(CliRunner().invoke(main, ["--help"]).stdout.split())
    assert all(f"{name} {sentence}" in said for name, sentence in COMMANDS.items())


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "relaxgap", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("relaxgap, version ")
