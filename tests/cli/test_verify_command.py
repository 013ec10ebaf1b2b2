"""``relaxgap verify`` and ``relaxgap explain``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from relaxgap.claims.registry import CLAIMS
from relaxgap.cli.main import main

EVALUATED = [name for name, claim in CLAIMS.items() if claim.evaluate]
KEYS = {
    "prop_2": {"kappa", "lambda_min_M", "logdet_M"},
    "theorem_4": {"ridge_value", "kappa"},
    "prop_3": {"prop3_bound", "prop3_bound_M", "gated_value"},
    "prop_4": {"prop4_bound", "C_y"},
    "corollary_2": {"cor2_bound"},
    "eq_7": {"eq7_bound", "C_y", "gated_value"},
    "maxcut": {"maxcut", "maxcut_sdp", "C_y"},
    "prop_5": {"relu_value", "gated_value", "prop5_C"},
    "prop_6": {"sharpness"},
    "all_directions": {"sharpness", "sharpness_all"},
    "theorem_1": {"chain_ratio", "kappa"},
    "theorem_1_without_log": {"chain_ratio"},
}


def relaxgap(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def evaluated(*arguments: str) -> dict[str, Any]:
    done = relaxgap("verify", *arguments, "--json")
    assert done.exit_code == 0, done.output
    row: dict[str, Any] = json.loads(done.stdout)
    return row


@pytest.mark.parametrize("name", EVALUATED)
def test_a_claim_holds_on_gaussian_data_with_its_quantities(name: str) -> None:
    row = evaluated(name, "--data", "gaussian:n=8,labels=noise", "--beta", "0.1")
    assert row["claim"] == name
    assert row["holds"] or not row["applies"]
    assert KEYS.get(name, set()) <= set(row)


def test_gates_and_a_direction_of_the_users_are_used(tmp_path: Path) -> None:
    X = np.array([[1.0, 1.0], [1.0, -1.0]])
    data, gates = tmp_path / "data.npz", tmp_path / "gates.npz"
    np.savez(data, X=X, y=np.array([1.0, 2.0]))
    np.savez(gates, gates=np.array([[1.0, 0.0], [1.0, 0.0]]), direction=np.array([0.0, 2.0]))
    chosen = ("--data", str(data), "--gates", str(gates), "--beta", "0.1")
    # a right angle, across
    assert evaluated("prop_6", *chosen)["sharpness"] == pytest.approx(np.sqrt(2.0), rel=1e-6)
    # both samples active in both copies of the gate: 2 X X' + 2 beta
    y, doubled = np.array([1.0, 2.0]), 2.0 * X @ X.T + 0.2 * np.eye(2)
    value = 0.1 * y @ np.linalg.solve(doubled, y)
    assert evaluated("theorem_4", *chosen)["ridge_value"] == pytest.approx(value)


def test_repeats_of_a_pattern_count_in_theorem_4_alone(tmp_path: Path) -> None:
    once, twice = tmp_path / "once.npz", tmp_path / "twice.npz"
    gates = np.random.default_rng(0).standard_normal((20, 4))
    np.savez(once, gates=gates)
    np.savez(twice, gates=np.vstack([gates, gates]))
    rows = [
        [
            evaluated(name, "--data", "gaussian:n=8", "--beta", "0.1", "--gates", str(path))[key]
            for path in (once, twice)
        ]
        for name, key in (("theorem_4", "ridge_value"), ("prop_3", "gated_value"))
    ]
    assert rows[0][1] < 0.7 * rows[0][0]
    assert rows[1][1] == pytest.approx(rows[1][0], rel=1e-6)


def test_the_constants_are_those_of_the_theory() -> None:
    row = evaluated("constants", "--c", "2")
    expected = {"kappa_limit": 23.31, "eps_0": 0.4647, "s_0": 0.2817, "sharpness_all": 13.12}
    assert {key: row[key] for key in expected} == pytest.approx(expected, rel=1e-3)
    assert row["R"] is None
    assert evaluated("constants", "--c", "1.5")["R"] == pytest.approx(4.5414, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eq_8",), "Expected a known claim, got 'eq_8'; did you mean"),
        (("constants",), "Expected --c"),
        (("prop_3", "--c", "2"), "Expected --c with `verify constants` only"),
        (("constants", "--c", "2", "--data", "digits"), "Expected no --data"),
        (("prop_3", "--data", "digits", "--run"), "Expected --data or --run"),
        (("nonsense",), "`relaxgap explain` lists them"),
        (("eq_7", "--beta", "0.1"), "Expected --data with --gates or --beta"),
        (("constants", "--c", "-1"), "c = n/d > 0, got -1"),
        (("--data", "gaussian:n=4"), "one claim that can be evaluated on data, got none"),
        (("assumption_a2", "--data", "gaussian:n=4"), "can be evaluated on data"),
        (("eq_7", "--data", "gaussian:n=4", "--beta", "0"), "positive, finite beta"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = relaxgap("verify", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"gates": np.zeros((0, 2))}, "P >= 1"),
        ({"gates": np.ones((3, 3))}, "of shape (P, 2)"),
        ({"gates": np.full((3, 2), np.nan)}, "finite gates"),
        ({"gates": np.ones((3, 2)), "direction": np.zeros(2)}, "nonzero direction"),
        ({"gates": np.zeros((3, 2))}, "nonzero gates"),
        ({"gates": np.ones((3, 2)), "direction": np.ones(3)}, "direction of 2 entries"),
    ],
)
def test_gates_that_do_not_fit_are_refused(
    arrays: dict[str, np.ndarray], said: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "gates.npz", **arrays)
    gates = str(tmp_path / "gates.npz")
    done = relaxgap("verify", "prop_3", "--data", "gaussian:n=4", "--gates", gates)
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_folder_of_results_that_is_not_there_is_refused() -> None:
    done = CliRunner().invoke(main, ["verify", "prop_3", "--results-dir", "/no/such"])
    assert (done.exit_code, "Expected a folder of results" in done.stderr) == (1, True)


def test_constants_that_overflow_are_json() -> None:
    assert evaluated("constants", "--c", "1e15")["sharpness"] is None


def test_without_results_a_claim_says_what_to_run(tmp_path: Path) -> None:
    done = relaxgap("verify", "eq_19", "--results-dir", str(tmp_path))
    assert done.exit_code == 0
    assert "no results: relaxgap run experiment=subsampled_program" in done.stdout


def test_missing_results_are_run_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = relaxgap("verify", "theorem_4", "--scale", "ci", "--run")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "results/ridge_relaxation/scale=ci/summary.csv").is_file()
    assert "theorem_4  holds on all" in done.stdout


def test_a_claim_that_does_not_hold_is_exit_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert relaxgap("verify", "theorem_4", "--scale", "ci", "--run").exit_code == 0
    summary = tmp_path / "results/ridge_relaxation/scale=ci/summary.csv"
    rows = summary.read_text().splitlines()
    place = rows[0].split(",").index("lower")
    cells = rows[1].split(",")
    # the label of the data holds a comma
    cells[place + 1] = "1e9"
    summary.write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]) + "\n")
    done = relaxgap("verify", "theorem_4", "--scale", "ci")
    assert done.exit_code == 3
    assert "contradicted" in done.stdout


def test_explain_says_everything_of_a_claim_and_lists_all() -> None:
    said = relaxgap("explain", "eq_7").stdout
    for part in ("equation (7)", "p~_g / p_g <=", "relaxgap.theory.gated_ratio", "--data DATA"):
        assert part in said
    assert all(name in relaxgap("explain").stdout for name in CLAIMS)
    assert relaxgap("explain", "nothing").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        # not Gaussian; a limit; one cone at another scale; values that leave double precision
        ("theorem_6", "--data", "digits:n=60"),
        ("lemma_2", "--data", "gaussian:n=40,d=80", "--seed", "0"),
        ("lemma_2", "--data", "gaussian:n=40,d=80", "--seed", "1"),
        ("theorem_1", "--data", "gaussian:n=8", "--beta", "1e50"),
        ("eq_7", "--data", "gaussian:n=8", "--beta", "1e-25"),
        ("eq_6", "--data", "gaussian:n=8", "--beta", "1e-20"),
        ("all_directions", "--data", "gaussian:n=1,d=3"),
    ],
)
def test_what_a_claim_does_not_say_is_no_contradiction(arguments: tuple[str, ...]) -> None:
    evaluated(*arguments)


def test_scales_of_rows_gates_and_directions_are_no_matter(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6, 3)) * 10.0 ** rng.uniform(-20.0, 20.0, (6, 1))
    np.savez(tmp_path / "data.npz", X=X, y=rng.standard_normal(6))
    data = ("--data", str(tmp_path / "data.npz"), "--beta", "0.1")
    assert evaluated("prop_1", *data)["holds"]
    gates, z = rng.standard_normal((2, 3)), rng.standard_normal(3)
    found = []
    for scale in (1.0, 1e200, 1e-200):
        np.savez(tmp_path / "gates.npz", gates=scale * gates, direction=scale * z)
        row = evaluated("prop_6", *data, "--gates", str(tmp_path / "gates.npz"))
        found.append((row["sharpness"], row["prop6_bound"]))
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-6)
