import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


@pytest.fixture
def after_one(finished: Path, tmp_path: Path) -> Path:
    """Return the results folder with one finished cell of two."""
    shutil.copytree(finished, tmp_path / "results")
    return tmp_path / "results"


def test_a_dry_run_says_what_the_missing_cells_may_take(tiny_grid: Invoke, after_one: Path) -> None:
    done, missing, total, last = tiny_grid("--dry-run").stdout.splitlines()
    assert done.startswith("done ")
    assert re.fullmatch(r"missing \w+ seed=1 \(about \S+ s, \S+ MB\)", missing)
    assert re.fullmatch(
        r"about (\S+) s of work, the longest cell \1 s, by the growth of 1 finished cells, which "
        r"is off by a factor of 1.00 there",
        total,
    )
    assert last == "gap_vs_log_n: 2 cells, 1 done, 1 to run"


def test_the_forecast_is_that_of_what_the_cells_measured(
    tiny_grid: Invoke, after_one: Path
) -> None:
    (path,) = after_one.glob("gap_vs_log_n/cells/*.json")
    cell = json.loads(path.read_text())
    assert cell["peak_bytes"] > 1e7
    path.write_text(json.dumps(cell | {"wall_seconds": 1234.0, "peak_bytes": 5e9}))
    said = tiny_grid("--dry-run").stdout
    assert "(about 1.23e+03 s, 5e+03 MB)" in said


def test_a_grid_that_may_not_fit_the_memory_is_warned_of(
    tiny_grid: Invoke, after_one: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not tiny_grid("--dry-run").stderr
    monkeypatch.setattr("relaxgap.cli.grid_report.machine_bytes", lambda: 1e6)
    said = tiny_grid("--dry-run").stderr
    assert "1 cells at once may take" in said
    assert "this machine has 0.001 GB; the largest alone may not fit" in said
