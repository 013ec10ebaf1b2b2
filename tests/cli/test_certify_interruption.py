import json
import signal
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from children import Child
from click.testing import Result

from relaxgap.data import Dataset
from relaxgap.errors import DataError
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.networks import TwoLayerNetwork

Invoke = Callable[..., Result]
CHOSEN = ("--network", "net.npz", "--beta", "0.1")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, BaseException], None]:
    """Return a way to make the solver raise instead of a bracket."""
    brackets = GlobalSolver.brackets

    def after(n_brackets: int, error: BaseException) -> None:
        def stops(
            self: GlobalSolver,
            data: Dataset,
            beta: float,
            start: TwoLayerNetwork | None = None,
            **given: Any,
        ) -> Iterator[GlobalSolution]:
            yield from islice(brackets(self, data, beta, start, **given), n_brackets)
            raise error

        monkeypatch.setattr(GlobalSolver, "brackets", stops)

    return after


@pytest.fixture(autouse=True)
def net(tmp_path: Path) -> None:
    """Write a network that was not trained."""
    rng = np.random.default_rng(1)
    np.savez(
        tmp_path / "net.npz", hidden=rng.standard_normal((5, 2)), output=rng.standard_normal(5)
    )


def bracket_so_far(result: Result) -> dict[str, Any]:
    assert result.exit_code == 1
    row: dict[str, Any] = json.loads(result.stdout)
    assert 0.0 < row["lower_bound"] <= row["upper_bound"] <= row["network_value"]
    return row


def test_an_interrupted_bracket_is_printed_and_written(
    relaxgap: Invoke, file: str, broken: Callable[[int, BaseException], None]
) -> None:
    broken(2, KeyboardInterrupt())
    written = ("--out", "page.html", "--better", "better.npz")
    result = relaxgap("certify", file, *CHOSEN, *written, "--json")
    row = bracket_so_far(result)
    assert row["status"] == "interrupted"
    assert row["n_improving_patterns"] is None
    assert result.stderr == "relaxgap: interrupted; the bracket so far holds and is printed.\n"
    assert "unknown" in Path("page.html").read_text()
    assert Path("better.npz").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (np.linalg.LinAlgError("singular"), "stopped by LinAlgError('singular')"),
        (MemoryError(), "stopped by MemoryError()"),
        (DataError("Expected a"), "stopped by DataError('Expected a')"),
    ],
)
def test_an_error_does_not_take_the_bracket_with_it(
    relaxgap: Invoke,
    file: str,
    broken: Callable[[int, BaseException], None],
    error: BaseException,
    said: str,
) -> None:
    broken(1, error)
    result = relaxgap("certify", file, *CHOSEN, "--json")
    assert bracket_so_far(result)["status"] == "failed"
    assert said in result.stderr


def test_an_end_before_the_first_bracket_writes_nothing(
    relaxgap: Invoke, file: str, broken: Callable[[int, BaseException], None]
) -> None:
    broken(0, KeyboardInterrupt())
    result = relaxgap("certify", file, *CHOSEN, "--out", "page.html")
    assert result.exit_code == 1
    assert not result.stdout
    assert "interrupted before the first bracket" in result.stderr
    assert not Path("page.html").exists()


def test_an_error_before_the_first_bracket_is_the_commands_own(
    relaxgap: Invoke, file: str, broken: Callable[[int, BaseException], None]
) -> None:
    broken(0, DataError("Expected a"))
    result = relaxgap("certify", file, *CHOSEN)
    assert (result.exit_code, result.stderr) == (1, "relaxgap: Expected a\n")


def test_an_interruption_while_patterns_are_looked_for_keeps_the_bracket(
    relaxgap: Invoke, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("relaxgap.analysis.certifying.improving_patterns", interrupted)
    result = relaxgap("certify", file, *CHOSEN, "--json")
    row = bracket_so_far(result)
    assert row["status"] == "solved"
    assert row["largest_price_ratio"] is None
    assert "relaxgap: interrupted;" in result.stderr


def test_an_interrupted_solve_over_all_patterns_prints_its_bracket(
    relaxgap: Invoke,
    file: str,
    broken: Callable[[int, BaseException], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relaxgap.analysis.strength.MAX_BITS_SOLVED_AT_ONCE", 0)
    broken(2, KeyboardInterrupt())
    result = relaxgap("solve", file, "--beta", "0.1", "--out", "net.npz", "--json")
    assert result.exit_code == 1
    row = json.loads(result.stdout)
    assert row["status"] == "interrupted"
    assert row["dual_value"] <= row["primal_value"]
    assert "relaxgap: interrupted;" in result.stderr


@pytest.mark.slow
def test_ctrl_c_prints_what_is_proven(child: Callable[..., Child], tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", hidden=np.eye(60)[:9], output=np.ones(9))
    chosen = ("certify", "gaussian:n=120,d=60", *CHOSEN, "--time-limit", "600", "--json")
    command = child(*chosen, color=True)
    command.wait_for("gap", "stderr")
    command.kill(signal.SIGINT)
    code, out, said = command.finish()
    assert code == 1
    assert "Traceback" not in said
    assert "relaxgap: interrupted;" in said
    row = json.loads(out)
    assert row["status"] == "interrupted"
    assert 0.0 < row["lower_bound"] <= row["upper_bound"]
