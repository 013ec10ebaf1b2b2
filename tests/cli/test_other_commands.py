import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from relaxgap.cli.main import main
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.solvers.registry import NAMES

Invoke = Callable[..., Result]
Refusal = Callable[..., str]


def test_the_patterns_of_generic_data_match_covers_count(relaxgap: Invoke) -> None:
    result = relaxgap("patterns", "gaussian:n=10,d=3", "--json")
    row = json.loads(result.stdout)
    # 2 (C(9, 0) + C(9, 1) + C(9, 2))
    assert (row["n_patterns"], row["cover_count"], row["rank"]) == (92, 92, 3)
    assert row["complete"] is True
    assert not result.stderr


def test_the_patterns_of_a_file_are_counted_without_json(relaxgap: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b,y\n1,2,3\n-1,.5,2\n0.3,-1,1\n")
    rows = dict(line.split() for line in relaxgap("patterns", str(path)).stdout.splitlines())
    assert rows["n_patterns"] == "6"


def test_over_the_limit_patterns_prints_the_count_that_it_knows(relaxgap: Invoke) -> None:
    result = relaxgap("patterns", "gaussian:n=60,d=30", "--json")
    assert result.exit_code == 1
    row = json.loads(result.stdout)
    # half of the subsets of 59
    assert (row["n_patterns"], row["cover_count"], row["complete"]) == (None, 2**59, False)
    (line,) = result.stderr.splitlines()
    assert "over the limit" in line


@pytest.mark.parametrize("name", ["a", "1", "yes", "a,b=c:d", " price "])
def test_the_target_of_a_file_stands_after_a_colon_as_settings_do(
    relaxgap: Invoke, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(f'"{name}",b\n1,2\n3,-4\n-2,1\n')
    for arguments in ((f"{path}:target={name}",), (f"{path}:target={name}", "--target", "b")):
        row = json.loads(relaxgap("patterns", *arguments, "--json").stdout)
        assert (row["n"], row["d"]) == (3, 1)


def test_a_colon_in_the_name_of_a_file_that_is_there_is_part_of_its_name(
    relaxgap: Invoke, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv:target=b.csv"
    path.write_text("a,y\n1,2\n3,-4\n")
    assert relaxgap("patterns", str(path)).exit_code == 0
    assert relaxgap("patterns", str(path), "--target", "a").exit_code == 0


@pytest.mark.parametrize("name", ["data.csv", "data.npz"])
def test_a_missing_target_names_the_option(refusal: Refusal, tmp_path: Path, name: str) -> None:
    (tmp_path / "data.csv").write_text("a,price\n1,2\n3,-4\n")
    np.savez(tmp_path / "data.npz", X=np.eye(2), price=np.arange(2.0))
    assert "--target NAME" in refusal(1, "patterns", str(tmp_path / name))


def test_the_list_names_experiments_solvers_and_data(relaxgap: Invoke) -> None:
    sections = json.loads(relaxgap("list", "--json").stdout)
    assert set(sections["experiments"]) == set(EXPERIMENTS)
    assert set(sections["solvers"]) == set(NAMES)
    assert {"gaussian", "digits", "file"} <= set(sections["data"])
    text = relaxgap("list").stdout
    assert all(name in text for section in sections.values() for name in section)


def test_the_list_says_that_a_file_is_named_by_its_path(relaxgap: Invoke, refusal: Refusal) -> None:
    said = json.loads(relaxgap("list", "--json").stdout)["data"]["file"]
    assert "its path, as table.csv:target=price; in a run, data=file data.path=PATH" in said
    assert "file" not in refusal(2, "solve", "file").partition("choose from")[2]


def test_the_list_says_how_to_install_a_missing_solver(
    relaxgap: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "missing: pip install scs" in relaxgap("list").stdout


@pytest.mark.parametrize("command", ["", *main.commands])
def test_every_command_has_a_help_page_that_says_what_it_does(
    relaxgap: Invoke, command: str
) -> None:
    result = relaxgap(*filter(None, [command]), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    assert len(result.stdout.splitlines()) > 4


def test_figures_are_redrawn_byte_for_byte(
    relaxgap: Invoke, finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "results")
    drawn = [*tmp_path.rglob("*.png"), *tmp_path.rglob("*.pdf")]
    before = {path: path.read_bytes() for path in drawn}
    assert len(before) == 4
    for path in drawn:
        path.unlink()
    result = relaxgap("figures", "gap_vs_log_n")
    assert result.exit_code == 0
    assert {Path(line).resolve() for line in result.stdout.splitlines()} == set(before)
    assert {path: path.read_bytes() for path in drawn} == before


def test_figures_without_results_say_how_to_get_them(refusal: Refusal) -> None:
    assert "relaxgap run experiment=NAME" in refusal(1, "figures")


def test_figures_of_an_experiment_without_results_say_how_to_get_them(refusal: Refusal) -> None:
    assert "relaxgap run experiment=gap_vs_width" in refusal(1, "figures", "gap_vs_width")


def test_figures_of_an_unknown_experiment_get_the_nearest_name(refusal: Refusal) -> None:
    assert "did you mean 'gap_vs_log_n'" in refusal(2, "figures", "gap_vs_log_m")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\x00\x01"])
def test_figures_of_a_damaged_summary_are_one_line(
    refusal: Refusal, tmp_path: Path, content: str
) -> None:
    folder = tmp_path / "results" / "gap_vs_log_n"
    folder.mkdir(parents=True)
    (folder / "summary.csv").write_text(content)
    assert "run its experiment again" in refusal(1, "figures", "gap_vs_log_n")


def test_finish_runs_the_experiment_before_it_draws(
    relaxgap: Invoke, monkeypatch: pytest.MonkeyPatch, finished: Path, tmp_path: Path
) -> None:
    called: list[list[str]] = []

    def finish(arguments: list[str]) -> int:
        called.append(arguments)
        (source,) = finished.glob("gap_vs_log_n/*/summary.csv")
        folder = tmp_path / "elsewhere" / "gap_vs_log_n"
        folder.mkdir(parents=True)
        shutil.copy(source, folder)
        return 0

    monkeypatch.setattr("relaxgap.cli.run.run_jobs", finish)
    result = relaxgap("figures", "gap_vs_log_n", "--finish", "--results-dir", "elsewhere")
    assert result.exit_code == 0
    assert called == [["experiment=gap_vs_log_n", "runner.results_dir=elsewhere"]]
    assert len(result.stdout.splitlines()) == 4


def test_an_unknown_command_has_exit_code_2(relaxgap: Invoke) -> None:
    assert relaxgap("rnu").exit_code == 2
