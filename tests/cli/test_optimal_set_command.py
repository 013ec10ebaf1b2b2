import csv
import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from continua import CONTINUA

from relaxgap import load_network
from relaxgap.analysis.optimal_set_record import OptimalSetRecord
from relaxgap.networks import FittedNetwork

Invoke = Callable[..., Result]
Refusal = Callable[..., str]
NAMES = [field.name for field in fields(OptimalSetRecord)]
FILES = {"smallest.npz", "largest.npz", "neurons.csv", "vertices.csv", "pruned.csv"}


@pytest.fixture
def integers(tmp_path: Path) -> str:
    made = CONTINUA["a_zero_label"]
    path = tmp_path / "integers.npz"
    np.savez(path, X=np.array(made.X, dtype=float), y=np.array(made.y, dtype=float))
    np.savez(tmp_path / "new.npz", X=np.eye(4), y=np.zeros(4))
    return str(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_it_prints_every_field_and_says_what_they_mean(relaxgap: Invoke, integers: str) -> None:
    said = relaxgap("optimal-set", integers, "--beta", "2")
    assert said.exit_code == 0, said.stderr
    lines = said.stdout.splitlines()
    assert [line.split()[0] for line in lines[: len(NAMES)]] == NAMES
    assert "unique                no" in lines
    assert "neurons:" in lines
    assert "pruned:" in lines
    assert "predictions:" not in lines
    assert lines[-2].startswith("More than one optimal network, proven by fractions:")
    assert lines[-1].startswith("The optimum lies in [")


def test_json_holds_the_record_the_neurons_and_what_was_asked_for(
    relaxgap: Invoke, integers: str
) -> None:
    said = relaxgap("optimal-set", integers, "--beta", "2", "--json", "--at", "new.npz")
    assert said.exit_code == 0, said.stderr
    found = json.loads(said.stdout)
    assert list(found) == [*NAMES, "constant", "neurons", "predictions", "pruned"]
    assert found["constant"] is None
    assert (found["unique"], found["dimension"], found["n_neurons"]) == ("no", 1, 3)
    assert len(found["neurons"]) == 3
    first = found["predictions"][0]
    assert first["proven_low"] <= first["low"] <= first["high"] <= first["proven_high"]
    assert found["largest_disagreement"] == pytest.approx(1.0, abs=1e-9)
    assert [one["width"] for one in found["pruned"]] == [0]


def test_out_writes_networks_that_certify_finds_optimal(
    relaxgap: Invoke, integers: str, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    arguments = ("optimal-set", integers, "--beta", "2", "--at", "new.npz", "--out", "set")
    said = relaxgap(*arguments)
    assert said.exit_code == 0, said.stderr
    assert "written:" in said.stdout
    assert {path.name for path in (tmp_path / "set").iterdir()} == FILES | {"ranges.csv"}
    for name, width in (("smallest.npz", 1), ("largest.npz", 2)):
        network = load_network(tmp_path / "set" / name)
        assert isinstance(network, FittedNetwork)
        assert network.width == width
        certified = relaxgap("certify", integers, "--network", f"set/{name}", "--json")
        record = json.loads(certified.stdout)
        assert (record["beta"], record["loss"]) == (2.0, "squared")
        assert record["certified_ratio"] <= 1.0 + 1e-6
    vertices = rows_of(tmp_path / "set" / "vertices.csv")
    assert [row.pop("vertex") for row in vertices] == ["0", "1"]
    totals = [sum(map(float, row.values())) for row in vertices]
    assert totals == pytest.approx([2.0, 2.0], abs=1e-9)
    neurons = rows_of(tmp_path / "set" / "neurons.csv")
    assert [row["neuron"] for row in neurons] == ["0", "1", "2"]
    assert {f"direction_{i}" for i in range(4)} <= set(neurons[0])
    assert len(rows_of(tmp_path / "set" / "ranges.csv")) == 4


def test_tables_have_a_header_without_a_row_too(
    relaxgap: Invoke, integers: str, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    headers = []
    for beta in ("2", "1000"):
        arguments = ("optimal-set", integers, "--beta", beta, "--at", "new.npz", "--out", "set")
        assert relaxgap(*arguments).exit_code == 0
        texts = {path.name: path.read_text() for path in (tmp_path / "set").glob("*.csv")}
        headers.append({name: text.splitlines()[0] for name, text in texts.items()})
    of_some, of_none = headers
    assert len(texts["neurons.csv"].splitlines()) == len(texts["pruned.csv"].splitlines()) == 1
    assert texts["vertices.csv"].splitlines() == ["vertex", "0"]
    assert of_some.pop("vertices.csv") == "vertex,c_0,c_1,c_2"
    assert of_none.pop("vertices.csv") == "vertex"
    assert of_some == of_none


@pytest.mark.parametrize("name", sorted(FILES | {"ranges.csv"}))
def test_every_file_of_out_is_tried_before_the_work(
    refusal: Refusal, integers: str, tmp_path: Path, name: str
) -> None:
    (tmp_path / "set" / name).mkdir(parents=True)
    # data that are refused only when the work begins
    data = ("gaussian:n=40,d=4", "--at", "new.npz", "--limit", "1")
    said = refusal(2, "optimal-set", *data, "--beta", "2", "--out", "set")
    assert "Expected --out to be a file, got the folder" in said
    assert name in said


def test_a_generic_data_set_of_ours_has_one_network(relaxgap: Invoke) -> None:
    said = relaxgap("optimal-set", "gaussian:n=6,d=2", "--beta-fraction", "0.2")
    assert said.exit_code == 0, said.stderr
    assert "One optimal network, up to the splitting of neurons: proven." in said.stdout
    assert not said.stderr


def test_two_classes_are_named(relaxgap: Invoke, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b,kind\n1,2,yes\n-1,1,no\n2,-1,no\n-2,-1,yes\n0,1,no\n")
    arguments = ("--target", "kind", "--loss", "logistic", "--beta-fraction", "0.3", "--json")
    found = json.loads(relaxgap("optimal-set", "table.csv", *arguments).stdout)
    assert (found["classes"], found["loss"]) == (["no", "yes"], "logistic")
    assert found["dual_value"] <= found["primal_value"]


def test_what_cannot_be_described_is_one_line(
    refusal: Refusal, integers: str, tmp_path: Path
) -> None:
    assert "Expected --beta or --beta-fraction, got neither" in refusal(2, "optimal-set", integers)
    both = ("--beta", "1", "--beta-fraction", "1")
    assert "Expected one of --beta and" in refusal(2, "optimal-set", integers, *both)
    beta = ("--beta", "1")
    missing = refusal(2, "optimal-set", integers, *beta, "--out", "missing")
    assert "Expected --out to be an existing folder, got missing; create it first." in missing
    many = refusal(1, "optimal-set", "gaussian:n=40,d=20", *beta)
    assert "Expected at most 100,000 patterns for the whole optimal set, got data" in many
    (tmp_path / "classes.csv").write_text("a,y\n1,1\n-1,0\n")
    hinge = refusal(2, "optimal-set", "classes.csv", *beta, "--loss", "hinge")
    assert "Expected a loss with one optimal fit, squared or logistic, got hinge" in hinge
    np.savez(tmp_path / "wrong.npz", X=np.eye(3), y=np.zeros(3))
    assert "Expected" in refusal(1, "optimal-set", integers, *beta, "--at", "wrong.npz")


def test_networks_with_biases_are_printed_and_written_with_them(
    relaxgap: Invoke, tmp_path: Path
) -> None:
    """Integer data whose networks differ in the output bias alone: a neuron or its opposite."""
    X = np.array([[-1.0, 1.0], [0.0, -1.0], [-2.0, 1.0], [0.0, 1.0]])
    np.savez(tmp_path / "plane.npz", X=X, y=np.array([4.0, -2.0, 1.0, 6.0]))
    np.savez(tmp_path / "new.npz", X=X)
    (tmp_path / "set").mkdir()
    data = str(tmp_path / "plane.npz")
    arguments = ("optimal-set", data, "--beta", "3", "--bias", "--at", "new.npz")
    said = relaxgap(*arguments, "--out", "set")
    assert said.exit_code == 0, said.stderr
    assert "The output bias ranges from" in said.stdout
    assert "constant:" in said.stdout
    found = json.loads(relaxgap(*arguments, "--json").stdout)
    assert (found["unique"], found["hidden_bias"], found["output_bias"]) == (
        "no",
        "penalised",
        "free",
    )
    ends = [found["constant"][end] for end in ("low", "high")]
    assert ends == pytest.approx([0.0, 4.0], abs=1e-9)
    assert [len(one["direction"]) for one in found["neurons"]] == [2, 2]
    assert [one["direction_bias"] for one in found["neurons"]] == pytest.approx([2.0 / 3.0] * 2)
    vertices = rows_of(tmp_path / "set" / "vertices.csv")
    assert sorted(float(row["constant"]) for row in vertices) == pytest.approx(ends, abs=1e-9)
    assert {"direction_0", "direction_1", "direction_bias"} <= set(
        rows_of(tmp_path / "set" / "neurons.csv")[0]
    )
    assert set(rows_of(tmp_path / "set" / "pruned.csv")[0]) >= {"constant", "removed_bias"}
    for name in ("smallest.npz", "largest.npz"):
        network = load_network(tmp_path / "set" / name)
        assert isinstance(network, FittedNetwork)
        assert network.predict(X) == pytest.approx([3.0, 0.0, 2.0, 4.0], abs=1e-9)
        arguments = ("certify", data, "--network", f"set/{name}", "--rtol", "1e-7", "--json")
        assert json.loads(relaxgap(*arguments).stdout)["certified_ratio"] <= 1.0 + 1e-6


def test_free_hidden_biases_are_refused_in_one_line(refusal: Refusal, integers: str) -> None:
    said = refusal(2, "optimal-set", integers, "--beta", "2", "--penalise", "weights")
    assert "hidden bias" in said
