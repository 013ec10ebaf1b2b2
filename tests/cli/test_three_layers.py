"""``relaxgap solve --program three_layer`` and ``certify --normalisation``."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from relaxgap.cli.main import main

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 2)), RNG.standard_normal(6)
THREE = ("--program", "three_layer", "--subnetwork-width", 2)


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    path = tmp_path / "arrays.npz"
    np.savez(path, X=X, y=Y)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


@pytest.mark.parametrize("normalisation", ["columns", "frobenius"])
def test_a_network_is_trained_written_and_certified(
    arrays: Path, tmp_path: Path, normalisation: str
) -> None:
    out = tmp_path / "network.npz"
    chosen = "--normalisation", normalisation, "--json"
    solved = run("solve", arrays, *THREE, *chosen, "--beta-fraction", 0.1, "--out", out)
    assert solved.exit_code == 0, solved.output
    found = json.loads(solved.stdout)
    assert (found["status"], found["program"], found["complete"]) == ("solved", "three_layer", True)
    assert (found["subnetwork_width"], found["normalisation"]) == (2, normalisation)
    certified = run("certify", arrays, "--network", out, "--beta", found["beta"], *chosen)
    assert certified.exit_code == 0, certified.output
    report = json.loads(certified.stdout)
    assert report["normalisation"] == normalisation
    assert report["certified_ratio"] == pytest.approx(1.0, abs=1e-3)
    said = run("certify", arrays, "--network", out, *chosen[:2])
    assert "the best of any number of sub-networks" in said.stdout


def test_other_programs_have_no_subnetworks(arrays: Path) -> None:
    found = json.loads(run("solve", arrays, "--beta", 0.2, "--json").stdout)
    assert (found["subnetwork_width"], found["normalisation"]) == (None, None)


def test_sampled_patterns_are_of_their_own_program(arrays: Path) -> None:
    solved = run("solve", arrays, *THREE, "--beta", 0.2, "--patterns", "gaussian:9")
    assert solved.exit_code == 0, solved.output
    assert "groups of patterns" in solved.stdout
    assert "normalisation       columns\n" in solved.stdout


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (("--program", "three_layer", "--subnetwork-width", 0), "subnetwork_width"),
        (("--program", "relu", "--subnetwork-width", 2), "for the program relu"),
        (("--program", "three_layer", "--normalisation", "rows"), "normalisation"),
        (("--program", "three_layer", "--patches", 2), "no --patches for three layers"),
        (("--program", "three_layer", "--bias"), "bias for three layers"),
        (("--program", "three_layer", "--test-fraction", 0.2), "no --test-fraction"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(
    arrays: Path, options: tuple[object, ...], match: str
) -> None:
    result = run("solve", arrays, "--beta", 0.2, *options)
    assert result.exit_code == 2
    assert match in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("layout", ["parallel", "stacked"])
def test_a_checkpoint_of_pytorch_is_certified(layout: str) -> None:
    trained = Path(__file__).parents[1] / "analysis" / "trained"
    of_pytorch = trained / "subnetworks.npz", "--network", trained / f"subnetworks_{layout}.pt"
    chosen = "--normalisation", "columns", "--beta", 0.1, "--json"
    result = run("certify", *of_pytorch, *chosen)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["width"], report["subnetwork_width"]) == (4, 3)
    assert report["lower_bound"] <= report["network_value"]
