import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from relaxgap.cli.installed import versions
from relaxgap.cli.main import COMMANDS, MODULES, main

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
    said, modules = run(_RELAXGAP_COMPLETE="bash_complete", COMP_WORDS="relaxgap so")
    assert said.split()[:2] == ["plain", "solve"]
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


def test_the_version_is_told_with_those_of_what_it_solves_with() -> None:
    package, libraries, solvers = CliRunner().invoke(main, ["--version"]).stdout.splitlines()
    assert package == f"relaxgap, version {version('relaxgap')}"
    assert libraries.startswith(f"Python {platform.python_version()}, numpy {version('numpy')}, ")
    assert libraries.endswith(f"scipy {version('scipy')}, cvxpy {version('cvxpy')}")
    assert f"clarabel {version('clarabel')}, " in solvers
    assert f"scs {version('scs')}" in solvers


def test_a_solver_that_is_not_there_is_told_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def found(name: str) -> str:
        if name == "ecos":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr("relaxgap.cli.installed.version", found)
    *_, solvers = versions().splitlines()
    assert solvers.startswith("conic solvers: clarabel 1.0, ecos missing (pip install ecos")


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "relaxgap", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("relaxgap, version ")


INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from relaxgap.cli.start import main
main()
"""


@pytest.mark.parametrize(
    ("name", "module"),
    [*((name, f"relaxgap.cli.{MODULES.get(name, name)}") for name in COMMANDS), ("list", "click")],
)
def test_ctrl_c_during_the_imports_of_a_command_is_one_line(name: str, module: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(module=module), name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == "relaxgap: interrupted; what is written already is kept.\n"
    assert not result.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["run", "--dry-run"]], ids=" ".join)
def test_a_full_disk_under_standard_output_is_one_line(arguments: list[str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("writes to /dev/full")
    with full.open("w") as stream:
        result = subprocess.run(
            [sys.executable, "-c", "from relaxgap.cli.start import main; main()", *arguments],
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("relaxgap: Expected to write the output, got 'No space left")


def test_a_run_in_a_folder_that_was_deleted_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    result = CliRunner().invoke(main, ["run", "--dry-run"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "got one that was deleted" in result.stderr
    assert len(result.stderr.splitlines()) == 1
