"""``relaxgap solve --program narrow`` and one column with free biases."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from relaxgap.cli.main import main
from relaxgap.networks.narrow_network import NarrowNetwork

RNG = np.random.default_rng(0)
X = RNG.standard_normal((50, 1))
Y = np.sin(3.0 * X[:, 0]) + 0.1 * RNG.standard_normal(50)


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    path = tmp_path / "arrays.npz"
    np.savez(path, X=X, y=Y)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_a_narrow_network_is_trained_and_written(arrays: Path, tmp_path: Path) -> None:
    out = tmp_path / "network.npz"
    chosen = "--program", "narrow", "--depth", 4, "--beta-fraction", 0.1
    solved = run("solve", arrays, *chosen, "--json", "--out", out)
    assert solved.exit_code == 0, solved.output
    found = json.loads(solved.stdout)
    assert (found["status"], found["program"], found["solver"]) == ("solved", "narrow", "kinks")
    with np.load(out) as file:
        bias = float(file["output_bias"][0])
        network = NarrowNetwork(file["weights"], file["biases"], bias)
    value = 0.5 * float(np.sum((network.predict(X) - Y) ** 2)) + found["beta"] * network.cost
    assert network.depth == 4
    assert value == pytest.approx(found["primal_value"], rel=1e-9)
    said = run("solve", arrays, *chosen)
    assert "parallel narrow ReLU networks of this depth" in said.stdout


def test_a_network_of_one_column_is_written_and_certified(arrays: Path, tmp_path: Path) -> None:
    out = tmp_path / "network.npz"
    solved = run("solve", arrays, "--penalise", "weights", "--beta", 1.0, "--json", "--out", out)
    assert solved.exit_code == 0, solved.output
    found = json.loads(solved.stdout)
    assert (found["solver"], found["complete"], found["n_patterns"]) == ("kinks", True, 100)
    certified = json.loads(
        run("certify", arrays, "--network", out, "--json", "--time-limit", 2).stdout
    )
    assert certified["network_value"] == pytest.approx(found["primal_value"], rel=1e-9)
    assert certified["lower_bound"] <= found["primal_value"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (("--program", "narrow", "--depth", 1), "Expected a depth from 2"),
        (("--program", "relu", "--depth", 3), "for the program relu"),
        (("--program", "narrow", "--patches", 2), "no --patches for narrow networks"),
        (("--program", "narrow", "--bias"), "bias for narrow networks"),
    ],
)
def test_what_does_not_apply_is_refused(
    arrays: Path, options: tuple[object, ...], match: str
) -> None:
    refused = run("solve", arrays, *options, "--beta", 0.1)
    assert refused.exit_code == 2
    assert match in refused.output
