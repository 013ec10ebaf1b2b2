"""The command line in the test's own process, warnings as errors."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from children import Child
from click.testing import CliRunner, Result

from relaxgap.cli.main import main
from relaxgap.data import Dataset

QUICK = (
    "~grid.strength",
    "networks.n_starts=1",
    "networks.width=[n]",
    "training.methods.sgd.n_steps=50",
    "training.methods.adam.n_steps=50",
    "runner.n_jobs=1",
)
SINGLE = (*QUICK, "data.n=4", "seed=0")

Invoke = Callable[..., Result]


def _invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def relaxgap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Return the command, run in an empty folder; an exception fails the test as itself."""
    monkeypatch.chdir(tmp_path)
    return _invoke


@pytest.fixture
def tiny_run(relaxgap: Invoke) -> Invoke:
    """Return ``relaxgap run`` of a single quick cell."""
    return lambda *arguments: relaxgap("run", *SINGLE, *arguments)


@pytest.fixture
def tiny_grid(relaxgap: Invoke) -> Invoke:
    """Return ``relaxgap run`` of two quick cells, one a seed."""
    return lambda *arguments: relaxgap("run", *QUICK, "data.n=4", "grid.seed=[0,1]", *arguments)


@pytest.fixture
def file_run(relaxgap: Invoke, tmp_path: Path) -> Invoke:
    """Return ``relaxgap run`` of a single quick cell on the given text as the user's CSV."""

    def run(text: str, *arguments: str) -> Result:
        path = tmp_path / "mine.csv"
        path.write_text(text)
        chosen = ("data=file", f"data.path={path}", "seed=0", "~grid.data")
        return relaxgap("run", *QUICK, *chosen, *arguments)

    return run


@pytest.fixture
def data() -> Dataset:
    """Return six samples in the plane, which have 12 patterns."""
    rng = np.random.default_rng(0)
    return Dataset(rng.standard_normal((6, 2)), rng.standard_normal(6))


@pytest.fixture
def file(tmp_path: Path, data: Dataset) -> str:
    """Return the name of a file that holds the data."""
    path = tmp_path / "data.npz"
    np.savez(path, X=data.X, y=data.y)
    return str(path)


@pytest.fixture
def refusal(relaxgap: Invoke) -> Callable[..., str]:
    """Return the one line with which a command that must fail does so."""

    def refused(code: int, *arguments: str) -> str:
        result = relaxgap(*arguments)
        lines = result.stderr.splitlines()
        assert result.exit_code == code, result.output
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("relaxgap: ")
        assert not result.stdout
        return lines[0]

    return refused


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures out, which take most of the time of a quick run."""
    monkeypatch.setattr("relaxgap.cli.session.draw_summary", lambda name, folder: [])


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, finished_run: Result) -> Path:
    """Return the results folder of `finished_run`; tests read it and leave it as it is."""
    return tmp_path_factory.getbasetemp() / "finished"


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Run a single quick cell, once for all tests."""
    folder = tmp_path_factory.mktemp("finished", numbered=False)
    return _invoke("run", *SINGLE, f"runner.results_dir={folder}")


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Return a way to start the command in a process of its own; none outlives the test."""
    with ExitStack() as started:

        def start(*arguments: str, before: str = "", color: bool = False) -> Child:
            child = Child(tmp_path, *arguments, before=before, color=color)
            started.callback(child.close)
            return child

        yield start
