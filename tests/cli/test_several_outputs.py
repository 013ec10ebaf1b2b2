"""``relaxgap solve`` with several targets, classes as columns, and patches."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from relaxgap.cli.main import main

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((7, 4)), RNG.standard_normal((7, 2))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "houses.csv"
    rows = [
        ",".join(f"{value:.6f}" for value in row) + f",{'xyz'[i % 3]}"
        for i, row in enumerate(np.hstack([X[:, :2], Y]))
    ]
    path.write_text("\n".join(["area,rooms,price,rent,kind", *rows]) + "\n")
    return path


@pytest.fixture
def arrays(tmp_path: Path) -> Path:
    path = tmp_path / "arrays.npz"
    np.savez(path, X=X, Y=Y, y=Y[:, 0], P=X.reshape(7, 2, 2))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["solve", *map(str, arguments)])


def solved(*arguments: object) -> dict[str, object]:
    result = run(*arguments, "--beta-fraction", 0.2, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def test_several_columns_are_targets(table: Path) -> None:
    found = solved(table, "--target", "price,rent", "--drop", "kind")
    assert (found["status"], found["program"], found["n_outputs"]) == ("solved", "vector", 2)
    assert found["remarks"] == ["Outputs in order: price, rent."]


def test_classes_become_columns(table: Path) -> None:
    found = solved(table, "--target", "kind", "--one-hot-target", "--rtol", 1e-3)
    assert (found["n_outputs"], found["remarks"]) == (3, ["Outputs in order: x, y, z."])


def test_an_array_of_labels_is_named(arrays: Path) -> None:
    found = solved(arrays, "--target", "Y", "--program", "vector")
    assert (found["n_outputs"], found["certificate"]) == (2, "cells")
    single = solved(arrays, "--program", "vector")
    scalar = solved(arrays)
    assert single["n_outputs"] == scalar["n_outputs"] == 1
    assert float(str(single["dual_value"])) <= float(str(scalar["primal_value"]))
    assert float(str(scalar["dual_value"])) <= float(str(single["primal_value"]))


def test_columns_are_cut_into_patches(arrays: Path) -> None:
    found = solved(arrays, "--target", "Y", "--patches", 2)
    assert found["status"] == "solved"
    refused = run(arrays, "--target", "Y", "--patches", 3, "--beta", 1)
    assert refused.exit_code == 1
    assert "size divides the 4 columns" in refused.stderr


def test_the_gated_program_has_several_outputs(arrays: Path) -> None:
    found = solved(
        arrays, "--target", "Y", "--patches", 4, "--program", "gated", "--patterns", "gaussian:5"
    )
    assert (found["program"], found["solver"], found["complete"]) == ("gated", "proximal", False)


def test_the_network_is_written(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.npz"
    solved(table, "--target", "price,rent", "--drop", "kind", "--out", out)
    with np.load(out) as arrays:
        assert (arrays["hidden"].shape[1], arrays["output"].shape[1]) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--target", "price,cost", "--drop", "kind"], "'cost'"),
        (["--target", "price,price", "--drop", "kind"], "different targets"),
        (["--target", "price,rent,area,rooms", "--drop", "kind"], "leave features"),
        (["--target", "price,rent", "--drop", "kind", "--minimal"], "--minimal"),
        (["--target", "price,rent", "--drop", "kind", "--test", "x.csv"], "--test"),
        (["--target", "price,rent", "--drop", "kind", "--loss", "hinge"], "squared loss"),
        (["--target", "price,kind", "--one-hot-target"], "one target of classes"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    table: Path, arguments: list[str], match: str
) -> None:
    result = run(table, "--beta", 0.5, *arguments)
    assert result.exit_code in (1, 2)
    assert match in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_network_predicts_every_target(table: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "net.npz", tmp_path / "other.csv"
    options = ["--target", "price,rent", "--drop", "kind", "--bias", "--standardize"]
    solved(table, *options, "--out", out)
    lines = [line.split(",") for line in table.read_text().splitlines()]
    # columns in another order, and without labels
    other.write_text("\n".join(f"{rooms},{area}" for area, rooms, *_ in lines) + "\n")
    predicted = [CliRunner().invoke(main, ["predict", str(out), str(f)]) for f in (table, other)]
    assert [result.exit_code for result in predicted] == [0, 0], predicted[0].output
    assert predicted[0].stdout == predicted[1].stdout
    header, *rows = predicted[0].stdout.splitlines()
    assert header == "prediction_price,prediction_rent"
    assert len(rows) == 7


def test_targets_in_another_order_are_not_those_of_the_fit(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.npz"
    solved(table, "--target", "price,rent", "--drop", "kind", "--out", out)
    options = ["--target", "rent,price", "--drop", "kind", "--network", str(out)]
    result = CliRunner().invoke(main, ["certify", str(table), *options])
    assert result.exit_code == 1
    assert "Expected the outputs of the fit in its order, price,rent" in result.stderr


def test_classes_are_tested_on_rows_held_out(table: Path) -> None:
    options = ["--target", "kind", "--one-hot-target", "--bias", "--test-fraction", 0.4]
    found = solved(table, *options, "--rtol", 1e-2, "--patterns", "gaussian:8")
    assert found["test_n"] == 3
    assert 0.0 <= float(str(found["test_accuracy"])) <= 1.0
    assert found["certificate"] == "chosen_patterns"


def test_a_drawn_data_set_has_one_label() -> None:
    result = run("gaussian:n=6,d=2", "--beta", 0.5, "--program", "vector")
    assert result.exit_code == 2
    assert "Expected a file for several outputs" in result.stderr


def test_a_network_of_several_outputs_is_certified(arrays: Path, tmp_path: Path) -> None:
    out, better = tmp_path / "net.npz", tmp_path / "better.npz"
    found = solved(arrays, "--target", "Y", "--out", out)
    options = ["--network", str(out), "--target", "Y", "--beta", str(found["beta"])]
    arguments = ["certify", str(arrays), *options, "--better", str(better)]
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["n_outputs"] == 2
    assert 1.0 <= report["certified_ratio"] <= 1.001
    assert better.is_file()
    page = CliRunner().invoke(main, [*arguments, "--out", str(tmp_path / "page.html")])
    assert (page.exit_code, "--out" in page.stderr) == (2, True)


def test_the_rows_that_were_held_out_are_left_out_of_a_certificate(
    table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "net.npz"
    options = ["--target", "price,rent", "--drop", "kind", "--test-fraction", "0.3", "--seed", "4"]
    found = solved(table, *options, "--out", out)
    result = CliRunner().invoke(
        main, ["certify", str(table), *options, "--network", str(out), "--json"]
    )
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["n"], report["test_n"]) == (5, 2)
    assert report["beta_source"] == "remembered"
    assert report["certified_ratio"] <= 1.001
    assert report["test_mean_squared_error"] == pytest.approx(found["test_mean_squared_error"])
