import csv
import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from relaxgap.errors import DataError
from relaxgap.experiments.gap_vs_log_n import cell as gap
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.numerics import writing

Invoke = Callable[..., Result]


@pytest.fixture
def failing_seed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Exception], None]:
    """Return a way to make the cell of one seed fail, and all cells quick."""
    run = gap.run

    def fail(seed: int, error: Exception) -> None:
        def run_or_fail(cell: Cell[Any]) -> object:
            if cell.seed == seed:
                raise error
            return run(cell)

        monkeypatch.setattr(gap, "run", run_or_fail)

    return fail


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def test_a_run_writes_csv_manifest_and_figures_and_says_where(finished: Path) -> None:
    summary = only(finished, "gap_vs_log_n/*data.n=4,*/summary.csv")
    names = {path.name for path in summary.parent.iterdir()}
    stems = ("gap_vs_log_n", "gap_vs_log_n_strengths")
    figures = {f"{stem}.{kind}" for stem in stems for kind in ("png", "pdf")}
    assert names == {"summary.csv", "manifest.json", *figures}
    with summary.open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["cell", *EXPERIMENTS["gap_vs_log_n"].columns]
    assert [row["method"] for row in rows] == ["exact", *["relaxation"] * 3, "sgd", "adam"]
    assert json.loads((summary.parent / "manifest.json").read_text())["n_cells_finished"] == 1


def test_results_go_to_stdout_and_progress_to_stderr(finished_run: Result) -> None:
    result = finished_run
    assert result.exit_code == 0
    assert "written:" in result.stdout
    written = [line.strip() for line in result.stdout.partition("written:")[2].split()]
    assert len(written) == 6
    assert all(Path(path).is_file() for path in written)
    assert "gap_vs_log_n: 1/1 cells, 0 failed" in result.stderr
    assert "failed" not in result.stdout


@pytest.mark.usefixtures("undrawn")
def test_a_finished_run_is_not_repeated_unless_forced(
    tiny_run: Invoke,
    failing_seed: Callable[[int, Exception], None],
    finished: Path,
    tmp_path: Path,
) -> None:
    shutil.copytree(finished, tmp_path / "results")
    first = tiny_run()
    failing_seed(0, RuntimeError("ran again"))
    again = tiny_run()
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    assert not again.stderr
    assert "1 done, 0 to run" in tiny_run("--dry-run").stdout
    forced = tiny_run("--force")
    assert forced.exit_code == 1
    assert "ran again" in forced.stderr


def test_a_dry_run_prints_the_grid_and_writes_nothing(relaxgap: Invoke, tmp_path: Path) -> None:
    result = relaxgap("run", "scale=ci", "--dry-run")
    lines = result.stdout.splitlines()
    assert lines[-1] == "gap_vs_log_n: 6 cells, 0 done, 6 to run"
    assert lines[0].split()[0] == "missing"
    assert lines[0].endswith("data.n=4 seed=0")
    assert len(lines) == 7
    assert not list(tmp_path.iterdir())


def test_a_dry_run_of_a_sweep_writes_nothing(relaxgap: Invoke, tmp_path: Path) -> None:
    assert relaxgap("run", "-m", "data.n=4,6", "seed=0", "--dry-run").exit_code == 0
    assert not list(tmp_path.iterdir())


def test_the_dimension_by_hand_sets_the_aspect_ratio_aside_and_the_reverse(
    relaxgap: Invoke,
) -> None:
    def shapes(*overrides: str) -> set[str]:
        printed = relaxgap("run", *overrides, "--cfg", "job", "-p", "data").stdout.splitlines()
        return {line for line in printed if line.startswith(("d:", "aspect_ratio:"))}

    assert shapes("data.d=20") == {"d: 20", "aspect_ratio: null"}
    assert shapes("data.aspect_ratio=4") == {"d: null", "aspect_ratio: 4.0"}
    assert shapes("data.d=2", "data.aspect_ratio=4") == {"d: 2", "aspect_ratio: 4.0"}
    for given in ("data.d=20", "grid.data.d=[2,3]", "+grid.data.d=[2,3]"):
        result = relaxgap("run", given, "seed=0", "data.n=40", "--dry-run")
        assert (given, result.exit_code) == (given, 0 if given != "grid.data.d=[2,3]" else 2)


def test_a_list_replaces_an_axis_that_has_one_list_for_each_scale(relaxgap: Invoke) -> None:
    fixed = ("grid.data.n=[4]", "~grid.strength", "--dry-run")
    result = relaxgap("run", "grid.seed=[0,7]", *fixed)
    assert [line.partition("data.n")[2] for line in result.stdout.splitlines()[:-1]] == [
        "=4 seed=0",
        "=4 seed=7",
    ]
    ranged = relaxgap("run", "grid.seed=3..4", *fixed)
    assert [line.partition("seed")[2] for line in ranged.stdout.splitlines()[:-1]] == ["=3", "=4"]


def test_the_config_is_printed_and_nothing_runs(relaxgap: Invoke, tmp_path: Path) -> None:
    result = relaxgap("run", "data.n=6", "--cfg", "job")
    assert result.exit_code == 0
    assert "beta_fraction: 0.1" in result.stdout
    assert "'n': 6" in result.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("undrawn")
def test_a_sweep_gives_each_value_its_own_folder_and_shares_cells(
    tiny_run: Invoke, tmp_path: Path
) -> None:
    result = tiny_run("-m", "solver.rtol=1e-5,1e-6")
    assert result.exit_code == 0
    home = tmp_path / "results" / "gap_vs_log_n"
    summaries = list(home.glob("*/summary.csv"))
    assert sorted(path.parent.name.partition("rtol=")[2][:5] for path in summaries) == [
        "1e-05",
        "1e-06",
    ]
    assert len(list((home / "cells").glob("*.json"))) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"results"}
    assert "1 done, 0 to run" in tiny_run("--dry-run").stdout


def test_a_sweep_may_go_over_experiments_and_their_options(relaxgap: Invoke) -> None:
    sweep = ("experiment=descent_path,success_vs_width", "training=short_gd,stationary_gd")
    result = relaxgap("run", "-m", *sweep, "seed=1", "scale=ci", "--dry-run")
    assert result.exit_code == 0
    counted = [line for line in result.stdout.splitlines() if "1 cells, 0 done" in line]
    names = ["descent_path"] * 2 + ["success_vs_width"] * 2
    assert [line.partition(":")[0] for line in counted] == names


def test_a_config_of_the_users_own_builds_on_one_of_ours(relaxgap: Invoke, tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n"
        "defaults: [gap_vs_log_n, override /data: digits, _self_]\n"
        "grid: {seed: 3..4}\n"
    )
    alone = ("~grid.data", "~grid.strength", "--dry-run")
    chosen = ("run", "--config-dir", str(tmp_path), "experiment=mine", *alone)
    lines = relaxgap(*chosen).stdout.splitlines()
    assert [line.split()[-1] for line in lines[:-1]] == ["seed=3", "seed=4"]
    assert lines[-1].startswith("gap_vs_log_n: 2 cells")
    refused = relaxgap(*chosen, "experiment=min")
    assert (refused.exit_code, "did you mean 'mine'" in refused.stderr) == (2, True)


@pytest.mark.usefixtures("undrawn")
def test_a_failed_cell_is_listed_recorded_and_tried_again(
    tiny_grid: Invoke, failing_seed: Callable[[int, Exception], None], tmp_path: Path
) -> None:
    failing_seed(1, ZeroDivisionError("of the test"))
    result = tiny_grid()
    assert result.exit_code == 1
    assert "1 failed" in result.stderr
    assert "relaxgap: cell failed: seed=1: ZeroDivisionError: of the test" in result.stderr
    assert "Traceback" not in result.stderr
    assert "1 of 2 cells finished" in result.stdout
    home = tmp_path / "results" / "gap_vs_log_n"
    assert "Traceback" in only(home, "cells/*.error.txt").read_text()
    assert len(list(home.glob("cells/*.json"))) == 1
    failing_seed(-1, ZeroDivisionError())
    assert tiny_grid().exit_code == 0
    assert not list(home.glob("cells/*.error.txt"))


def test_a_cell_refused_on_purpose_is_one_line(
    tiny_run: Invoke, failing_seed: Callable[[int, Exception], None], tmp_path: Path
) -> None:
    failing_seed(0, DataError("Expected a,\n got b; do c."))
    result = tiny_run()
    assert result.exit_code == 1
    assert "relaxgap: cell failed: single cell: Expected a, got b; do c." in result.stderr
    assert not list(tmp_path.rglob("*.error.txt"))


def test_more_failures_than_fit_are_counted(
    relaxgap: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(cell: Cell[Any]) -> object:
        raise DataError("Expected data.")

    monkeypatch.setattr(gap, "run", refuses)
    result = relaxgap("run", "scale=ci", "runner.n_jobs=1")
    assert result.exit_code == 1
    assert result.stderr.count("cell failed") == 5
    assert "and 1 more failed cells" in result.stderr
    assert not result.stdout


@pytest.mark.usefixtures("undrawn")
def test_a_damaged_cell_is_redone(tiny_run: Invoke, finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "results")
    cell = only(tmp_path, "results/gap_vs_log_n/cells/*.json")
    intact = cell.read_text()
    cell.write_text(intact[: len(intact) // 2])
    assert "0 done, 1 to run" in tiny_run("--dry-run").stdout
    assert tiny_run().exit_code == 0
    assert json.loads(cell.read_text())["key"] == cell.stem


@pytest.mark.usefixtures("undrawn")
def test_a_full_disk_is_said_and_finished_cells_are_kept(
    tiny_grid: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    sync = os.fsync

    def full_after_one_cell(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_after_one_cell)
        result = tiny_grid()
    assert result.exit_code == 1
    assert "got a full disk; finished cells are kept" in result.stderr
    assert "Traceback" not in result.stderr
    assert "2 cells, 1 done, 1 to run" in tiny_grid("--dry-run").stdout
    assert tiny_grid().exit_code == 0


def test_a_full_disk_while_drawing_is_one_line(
    tiny_run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = writing._write_synced

    def full_for_figures(path: Path, content: bytes) -> None:
        if content.startswith(b"\x89PNG"):
            raise OSError(errno.ENOSPC, "No space left on device")
        written(path, content)

    monkeypatch.setattr(writing, "_write_synced", full_for_figures)
    result = tiny_run()
    assert result.exit_code == 1
    assert "got a full disk" in result.stderr.splitlines()[-1]


@pytest.mark.usefixtures("undrawn")
def test_the_users_own_file_runs_through_an_experiment(file_run: Invoke, tmp_path: Path) -> None:
    result = file_run("a,b,label\n1,2,3\n-1,.5,2\n0.3,-1,1\n", "data.target=label")
    assert result.exit_code == 0, result.stderr
    with only(tmp_path, "results/gap_vs_log_n/*/summary.csv").open() as stream:
        assert {(row["data"], row["n"]) for row in csv.DictReader(stream)} == {("mine.csv", "3")}


def test_an_edited_file_is_not_taken_from_the_cache(file_run: Invoke) -> None:
    texts = [f"a,b,y\n1,2,{label}\n-1,.5,2\n0.3,-1,1\n" for label in (3, 4)]
    assert file_run(texts[0], "--dry-run").stdout != file_run(texts[1], "--dry-run").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty file"),
        ("a,y\n1,2\ninf,3\n", "NaN or infinite"),
    ],
)
def test_bad_data_fail_their_cell_with_one_line(
    file_run: Invoke, tmp_path: Path, text: str, said: str
) -> None:
    result = file_run(text)
    assert result.exit_code == 1
    assert said in result.stderr
    assert result.stderr.count("relaxgap: ") == 2
    assert not list(tmp_path.rglob("*.error.txt"))
