import errno
import json
import os
import pickle
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from relaxgap.data import Dataset
from relaxgap.networks import TwoLayerNetwork
from relaxgap.solvers import SemismoothNewton, Solution

Invoke = Callable[..., Result]
Refusal = Callable[..., str]
KEYS = {
    "status",
    "primal_value",
    "dual_value",
    "relative_gap",
    "n_patterns",
    "complete",
    "certificate",
    "active_blocks",
    "max_cone_violation",
    "solver",
    "n_iterations",
    "solve_seconds",
}


def solved(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    assert not result.stderr
    row: dict[str, Any] = json.loads(result.stdout)
    assert set(row) >= KEYS
    return row


@pytest.mark.parametrize("program", ["relu", "gated"])
def test_the_value_is_certified_over_all_patterns(
    relaxgap: Invoke, file: str, program: str
) -> None:
    row = solved(relaxgap("solve", file, "--beta", "0.1", "--program", program, "--json"))
    assert row["status"] == "solved"
    assert row["complete"] is True
    assert row["n_patterns"] == 12
    assert 0.0 <= row["relative_gap"] <= 1e-6
    assert row["dual_value"] <= row["primal_value"]
    assert row["max_cone_violation"] <= 1e-9


def test_the_written_network_has_the_value_that_was_said(
    relaxgap: Invoke, file: str, data: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "net.npz"
    row = solved(relaxgap("solve", file, "--beta", "0.1", "--out", str(out), "--json"))
    with np.load(out) as arrays:
        network = TwoLayerNetwork(arrays["hidden"], arrays["output"])
    assert network.training_loss(data, 0.1) == pytest.approx(row["primal_value"], rel=1e-9)


def test_a_gated_network_is_written_as_gates_and_weights(
    relaxgap: Invoke, file: str, data: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "net.npz"
    arguments = ("--beta", "0.1", "--program", "gated", "--out", str(out), "--json")
    row = solved(relaxgap("solve", file, *arguments))
    with np.load(out) as arrays:
        gates, weights = arrays["gates"], arrays["weights"]
    assert len(weights) == row["active_blocks"]
    fit = np.sum((data.X @ gates.T >= 0.0) * (data.X @ weights.T), axis=1)
    value = 0.5 * np.sum((fit - data.y) ** 2) + 0.1 * np.linalg.norm(weights, axis=1).sum()
    assert value == pytest.approx(row["primal_value"], rel=1e-9)


def test_a_fraction_is_one_of_beta_max_and_beta_max_gives_the_zero_network(
    relaxgap: Invoke, file: str, data: Dataset
) -> None:
    row = solved(relaxgap("solve", file, "--beta-fraction", "1.0", "--json"))
    assert row["active_blocks"] == 0
    assert row["primal_value"] == pytest.approx(0.5 * np.sum(data.y**2), rel=1e-12)
    half = solved(relaxgap("solve", file, "--beta-fraction", "0.5", "--json"))
    assert half["beta"] == pytest.approx(0.5 * row["beta"], rel=1e-12)
    assert half["active_blocks"] > 0


@pytest.mark.parametrize("solver", ["clarabel", "scs"])
def test_every_solver_agrees_within_both_gaps(relaxgap: Invoke, file: str, solver: str) -> None:
    arguments = ("solve", file, "--beta", "0.1", "--rtol", "1e-4", "--json")
    one, other = solved(relaxgap(*arguments)), solved(relaxgap(*arguments, "--solver", solver))
    assert other["solver"] == solver
    assert one["dual_value"] <= other["primal_value"]
    assert other["dual_value"] <= one["primal_value"]


def test_sampled_patterns_depend_on_the_seed_alone_and_claim_no_completeness(
    relaxgap: Invoke, file: str
) -> None:
    arguments = ("solve", file, "--beta", "0.1", "--patterns", "gaussian:4", "--json")
    first = solved(relaxgap(*arguments, "--seed", "5"))
    again = solved(relaxgap(*arguments, "--seed", "5"))
    for row in (first, again):
        del row["solve_seconds"]
    assert first == again
    assert first["complete"] is False
    exact = solved(relaxgap("solve", file, "--beta", "0.1", "--json"))
    assert first["primal_value"] >= exact["dual_value"]


def test_the_users_gates_give_their_patterns(relaxgap: Invoke, file: str, tmp_path: Path) -> None:
    path = tmp_path / "gates.npz"
    np.savez(path, gates=np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]))
    row = solved(relaxgap("solve", file, "--beta", "0.1", "--patterns", str(path), "--json"))
    assert (row["n_patterns"], row["complete"]) == (2, False)


def test_without_json_the_verdict_is_a_sentence(relaxgap: Invoke, file: str) -> None:
    result = relaxgap("solve", file, "--beta", "0.1")
    assert "all two-layer ReLU networks of any width" in result.stdout
    sampled = relaxgap("solve", file, "--beta", "0.1", "--patterns", "gaussian:3")
    assert "restricted to these" in sampled.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "try --beta-fraction 0.1"),
        (["--beta", "0"], "positive, finite --beta, got 0"),
        (["--beta", "-1"], "positive, finite --beta, got -1"),
        (["--beta", "nan"], "positive, finite --beta, got nan"),
        (["--beta", "inf"], "positive, finite --beta, got inf"),
        (["--beta-fraction", "nan"], "positive, finite --beta-fraction, got nan"),
        (["--beta", "0.1", "--beta-fraction", "0.1"], "drop one"),
        (["--beta", "0.1", "--rtol", "nan"], "0 < --rtol < 1, got nan"),
        (["--beta", "0.1", "--patterns", "gaussian:0"], "try gaussian:50"),
        (["--beta", "0.1", "--patterns", "some"], "try gaussian:50"),
        (["--beta", "0.1", "--out", "/nowhere/net.npz"], "create /nowhere first"),
        (["--beta", "0.1", "--out", "net.txt"], "write 'net.npz'"),
        (["--beta", "0.1", "--out", ""], "to be a file, got the folder '.'"),
    ],
)
def test_a_wrong_option_is_one_line_with_exit_code_2(
    refusal: Refusal, file: str, arguments: list[str], said: str
) -> None:
    assert said in refusal(2, "solve", file, *arguments)


@pytest.mark.parametrize(
    "chosen",
    [
        ["--program", "gated"],
        ["--solver", "semismooth_newton"],
        ["--solver", "column_generation"],
        ["--solver", "clarabel"],
    ],
    ids=" ".join,
)
def test_more_patterns_than_the_limit_are_refused_before_they_are_made(
    refusal: Refusal, file: str, chosen: list[str]
) -> None:
    message = refusal(1, "solve", file, "--beta", "0.1", "--limit", "3", *chosen)
    assert "can hold 12 patterns, over the limit of 3" in message


def test_a_missing_solver_is_named_on_the_command_line(
    refusal: Refusal, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    message = refusal(1, "solve", file, "--beta", "0.1", "--solver", "ecos")
    assert "pip install ecos" in message


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": np.full((3, 2), np.nan), "y": np.arange(3.0)}, "NaN or infinite"),
        ({"X": np.eye(3), "y": np.arange(2.0)}, "3 rows of X and 2 labels"),
        ({"X": np.eye(3), "y": np.ones(3)}, "constant target"),
        ({"X": np.ones((3, 2)), "y": np.arange(3.0)}, "constant data"),
        ({"X": np.eye(3)}, "array named 'y'"),
        ({"X": np.arange(3.0), "y": np.arange(3.0)}, "2 axes"),
        ({"X": np.array([["a"]]), "y": np.arange(1.0)}, "real numbers"),
    ],
)
def test_bad_arrays_are_one_line_that_starts_with_the_path(
    refusal: Refusal, tmp_path: Path, arrays: dict[str, np.ndarray], said: str
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    message = refusal(1, "solve", str(path), "--beta", "0.1")
    assert message.startswith(f"relaxgap: {path}: Expected")
    assert said in message


class _Executed:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (_execute, ("executed",))


def _execute(name: str) -> None:
    Path(name).write_text("")


@pytest.mark.parametrize("command", ["solve", "gates"])
def test_a_pickle_in_an_archive_is_refused_and_not_executed(
    refusal: Refusal, tmp_path: Path, file: str, command: str
) -> None:
    path = tmp_path / "pickle.npz"
    held = np.array([_Executed()], dtype=object)
    np.savez(path, X=held, y=np.arange(1.0), gates=held)
    chosen = [str(path)] if command == "solve" else [file, "--patterns", str(path)]
    assert "pickle" in refusal(1, "solve", *chosen, "--beta", "0.1")
    assert not (tmp_path / "executed").exists()
    pickle.loads(pickle.dumps(_Executed()))
    assert Path("executed").exists()


@pytest.mark.parametrize("name", ["empty.npz", "empty.csv"])
def test_an_empty_file_is_one_line(refusal: Refusal, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    assert str(path) in refusal(1, "solve", str(path), "--beta", "0.1")


@pytest.mark.parametrize(
    ("argument", "code", "said"),
    [
        ("gausian", 2, "did you mean 'gaussian'"),
        ("nowhere.csv", 1, "existing file"),
        ("gaussian:m=4", 2, "did you mean 'data.n'"),
        ("gaussian:n", 2, "key=value after the colon"),
        ("gaussian:n=5,d=2,n=6", 2, "each setting of DATA once, got 'n' twice"),
        ("gaussian:n=[", 2, "plain value"),
        ("gaussian:n=${x}", 2, "plain value"),
        ("gaussian:n=abc", 2, "data.n"),
        ("", 2, "non-empty path"),
        ("digits:pca=0", 2, "pca from 1"),
        ("nowhere.csv:target=a", 1, "nowhere.csv: Expected an existing file"),
        ("nowhere.csv:target", 2, "write for example table.csv:target=price"),
        ("nowhere.csv:target=", 2, "non-empty target"),
        ("nowhere.csv:tarket=a", 2, "did you mean 'target'"),
        ("nowhere.csv:path=b.csv", 2, "a known setting of a file, got 'path'"),
        ("nowhere.txt:target=a", 1, "got the ending '.txt'"),
        (
            "file:path=nowhere.csv",
            2,
            "a known data set, or a file of arrays or a table, got 'file'",
        ),
    ],
)
def test_a_wrong_data_argument_is_one_line(
    refusal: Refusal, argument: str, code: int, said: str
) -> None:
    assert said in refusal(code, "solve", argument, "--beta", "0.1")


def test_wrong_gates_are_one_line(refusal: Refusal, file: str, tmp_path: Path) -> None:
    path = tmp_path / "gates.npz"
    for gates, said in ((np.eye(3), "(P, 2)"), (np.full((1, 2), np.inf), "finite gates")):
        np.savez(path, gates=gates)
        assert said in refusal(1, "solve", file, "--beta", "0.1", "--patterns", str(path))


def test_a_disk_that_fills_up_is_one_line_after_the_result(
    relaxgap: Invoke, file: str, tmp_path: Path
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (tmp_path / "net.npz").symlink_to("/dev/full")
    done = relaxgap("solve", file, "--beta", "1", "--out", "net.npz")
    assert done.exit_code == 1
    assert "primal_value" in done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
    assert "choose another --out" in done.stderr


@pytest.mark.parametrize("patterns", ["all", "gaussian:5"])
def test_ctrl_c_prints_the_bracket_of_listed_patterns_so_far(
    relaxgap: Invoke, file: str, monkeypatch: pytest.MonkeyPatch, patterns: str
) -> None:
    rounds = SemismoothNewton.rounds

    def interrupted(self: SemismoothNewton, *given: Any, **named: Any) -> Iterator[Solution]:
        yield from islice(rounds(self, *given, **named), 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(SemismoothNewton, "rounds", interrupted)
    chosen = ("solve", file, "--beta", "0.1", "--rtol", "1e-12", "--patterns", patterns)
    result = relaxgap(*chosen, "--out", "net.npz", "--json")
    assert result.exit_code == 1
    row = json.loads(result.stdout)
    assert row["status"] == "interrupted"
    assert 0.0 < row["dual_value"] <= row["primal_value"]
    assert result.stderr == "relaxgap: interrupted; the bracket so far holds and is printed.\n"
    with np.load("net.npz") as arrays:
        assert arrays["output"].size == row["active_blocks"]


def test_a_folder_that_cannot_be_written_is_one_line_before_the_work(
    refusal: Refusal, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, content: bytes) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("relaxgap.numerics.writing._write_synced", refuse)
    monkeypatch.delattr("relaxgap.cli.solve.solve")
    said = refusal(1, "solve", file, "--beta", "1", "--out", "net.npz")
    assert "Read-only file system; choose another --out" in said


@pytest.mark.parametrize("arguments", [["--solver", "gurobi"], ["--beta", "x"], ["--seed", "-1"]])
def test_a_usage_error_has_exit_code_2_and_no_traceback(
    relaxgap: Invoke, file: str, arguments: list[str]
) -> None:
    result = relaxgap("solve", file, *arguments)
    assert result.exit_code == 2
    assert "Error: Invalid value for" in result.stderr


def test_single_precision_ends_in_a_bracket_of_the_same_optimum(
    relaxgap: Invoke, file: str
) -> None:
    rows = [
        json.loads(relaxgap("solve", file, "--beta", "0.1", "--json", *options).stdout)
        for options in ((), ("--dtype", "float32", "--rtol", "1e-3"))
    ]
    assert rows[0]["dual_value"] <= rows[1]["primal_value"] * (1.0 + 1e-13)
    assert rows[1]["dual_value"] <= rows[0]["primal_value"] * (1.0 + 1e-13)
    assert rows[1]["status"] == "solved"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--device", "cuda"), "choose the torch backend"),
        (("--solver", "clarabel", "--dtype", "float32"), "take solver semismooth_newton"),
    ],
)
def test_a_backend_that_does_not_apply_is_refused_in_one_line(
    relaxgap: Invoke, file: str, options: tuple[str, ...], message: str
) -> None:
    result = relaxgap("solve", file, "--beta", "0.1", *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_more_than_memory_holds_is_one_line(relaxgap: Invoke) -> None:
    done = relaxgap("solve", "gaussian:n=100000000000,d=1000", "--beta-fraction", "0.1")
    assert done.exit_code == 1
    assert "ask for a smaller size" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_gap_wider_than_asked_for_is_said_and_exits_4(relaxgap: Invoke, file: str) -> None:
    # below what the rounding of any certificate allows
    done = relaxgap("solve", file, "--beta", "0.1", "--rtol", "1e-300", "--json")
    assert done.exit_code == 4
    assert len(done.stderr.splitlines()) == 1
    assert "Expected a relative gap of 1e-300, got" in done.stderr
    row = json.loads(done.stdout)
    assert row["status"] == "inaccurate"
    assert 0.0 < row["dual_value"] <= row["primal_value"]


def test_a_time_limit_of_the_users_own_is_said_and_no_failure(relaxgap: Invoke, file: str) -> None:
    done = relaxgap("solve", file, "--beta", "0.1", "--time-limit", "1e-9", "--json")
    assert done.exit_code == 0
    assert "The time ran out before the accuracy asked for; the bracket holds." in done.stderr
    assert json.loads(done.stdout)["status"] == "time_limit"
