"""Tables with columns of text on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Refusal = Callable[..., str]

HOUSES = """\
id;area;colour;price;sold
h1;5.0;red;1;yes
h2;7.5;blue;2;no
h3;6.1;red;4;no
h4;8.0;green;3;yes
"""
COLUMNS = ("--drop", "id", "--one-hot", "colour")
SOLD = (*COLUMNS, "--drop", "sold", "--target", "price")


@pytest.fixture
def houses(tmp_path: Path) -> str:
    """Return the name of a table of houses."""
    path = tmp_path / "houses.csv"
    path.write_text(HOUSES)
    return str(path)


def test_a_table_with_text_is_solved_like_its_numbers(
    relaxgap: Invoke, houses: str, tmp_path: Path
) -> None:
    X = np.array([[5, 0, 0, 1], [7.5, 1, 0, 0], [6.1, 0, 0, 1], [8, 0, 1, 0]])
    np.savez(tmp_path / "numbers.npz", X=X, y=[1.0, 2.0, 4.0, 3.0])
    values = []
    for data in ((houses, *SOLD), (str(tmp_path / "numbers.npz"),)):
        result = relaxgap("solve", *data, "--beta", "0.1", "--json")
        assert result.exit_code == 0, result.stderr
        values.append(json.loads(result.stdout)["primal_value"])
    assert values[0] == values[1]


def test_a_network_and_a_path_of_a_table_with_text_are_certified(
    relaxgap: Invoke, houses: str, tmp_path: Path
) -> None:
    classes = (houses, *COLUMNS, "--target", "sold", "--loss", "logistic")
    out = str(tmp_path / "net.npz")
    solved = relaxgap("solve", *classes, "--beta", "0.1", "--json", "--out", out)
    assert solved.exit_code == 0, solved.stderr
    assert json.loads(solved.stdout)["classes"] == ["no", "yes"]
    certified = relaxgap("certify", *classes, "--beta", "0.1", "--json", "--network", out)
    assert certified.exit_code == 0, certified.stderr
    row = json.loads(certified.stdout)
    assert row["lower_bound"] <= row["network_value"]
    followed = relaxgap("path", *classes, "--points", "2", "--json")
    assert followed.exit_code == 0, followed.stderr


def test_columns_of_an_array_are_dropped_by_their_numbers(
    relaxgap: Invoke, file: str, data: object, tmp_path: Path
) -> None:
    with np.load(file) as arrays:
        np.savez(tmp_path / "one.npz", X=arrays["X"][:, 1:], y=arrays["y"])
    values = [
        json.loads(relaxgap("solve", *arguments, "--beta", "0.1", "--json").stdout)["primal_value"]
        for arguments in ((file, "--drop", "x0"), (str(tmp_path / "one.npz"),))
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("code", "options", "said"),
    [
        (1, ("--target", "price"), "got 'h1' in row 1 below the header; encode it (one_hot, on"),
        (1, ("--target", "price", "--one-hot", "id"), "numbers in column 'colour', got 'red'"),
        (1, (*SOLD, "--drop", "aera"), "for drop (--drop), got 'id', 'area', 'colour', 'sold';"),
        (1, (*SOLD, "--drop", "aera"), "did you mean 'area'? Then name it as in the file."),
        (2, (*SOLD, "--drop", "price"), "for drop (--drop), got the labels 'price'"),
        (2, (*SOLD, "--one-hot", "price"), "for one_hot (--one-hot), got the labels 'price'"),
        (2, (*SOLD, "--drop", "colour"), "or in one_hot (--one-hot), got 'colour' in both"),
        (2, (*SOLD, "--drop", "id"), "each column once for drop (--drop), got 'id' twice"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused_in_one_line(
    refusal: Refusal, houses: str, code: int, options: tuple[str, ...], said: str
) -> None:
    for command in (("solve", houses, "--beta", "0.1"), ("path", houses)):
        assert said in refusal(code, *command, *options)


@pytest.mark.parametrize("option", ["--drop", "--one-hot"])
def test_a_data_set_that_is_no_file_has_no_columns_to_choose(refusal: Refusal, option: str) -> None:
    said = refusal(2, "solve", "gaussian:n=6,d=2", "--beta", "0.1", option, "x0")
    assert "a file for --drop and --one-hot, got the data set 'gaussian'" in said


def test_a_run_takes_the_columns_as_settings_of_its_data(file_run: Invoke, undrawn: None) -> None:
    table = HOUSES.replace("price", "y").replace(";", ",")
    chosen = ("data.drop=[id,sold]", "data.one_hot=[colour]")
    result = file_run(table, *chosen)
    assert result.exit_code == 0, result.stderr
    refused = file_run(table, *chosen, "data.drop=[id,id]")
    assert refused.exit_code == 2
    assert "got 'id' twice" in refused.stderr


def test_patterns_and_claims_are_of_the_columns_chosen(relaxgap: Invoke, houses: str) -> None:
    counted = relaxgap("patterns", houses, *SOLD, "--json")
    assert counted.exit_code == 0, counted.stderr
    assert json.loads(counted.stdout)["d"] == 4
    judged = relaxgap("verify", "prop_1", "--data", houses, *SOLD, "--json")
    assert judged.exit_code == 0, judged.stderr


def test_claims_without_data_have_no_columns_to_choose(refusal: Refusal) -> None:
    assert "Expected --data with --drop or --one-hot, got none" in refusal(
        2, "verify", "--drop", "id"
    )
