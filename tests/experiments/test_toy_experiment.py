"""The experiment that CONTRIBUTING.md shows, added as it says: one folder, one config, one line."""

import csv
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from relaxgap.cli.main import main
from relaxgap.experiments import registry
from relaxgap.experiments.claims_table import claims_table

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "tests" / "toy" / "experiment"
LINE = "toy.experiment.pattern_count"


@pytest.fixture
def relaxgap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Return the command in an empty folder, with the line in the registry."""
    experiment = importlib.import_module(LINE).EXPERIMENT
    monkeypatch.setitem(registry.EXPERIMENTS, experiment.name, experiment)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        if arguments[0] == "run":
            # a config that is there to stay goes to conf/experiment instead
            arguments = (*arguments, "--config-dir", str(TOY / "conf"))
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False)

    return run


def test_it_runs_and_leaves_a_summary_a_manifest_and_a_figure(
    relaxgap: Callable[..., Result], tmp_path: Path
) -> None:
    result = relaxgap("run", "experiment=pattern_count", "scale=ci", "runner.n_jobs=1")
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "results" / "pattern_count" / "scale=ci"
    files = {"summary.csv", "manifest.json", "pattern_count.png", "pattern_count.pdf"}
    assert {path.name for path in folder.iterdir()} == files
    with (folder / "summary.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:3] == ["cell", "data", "n"]
    assert len({row["cell"] for row in rows}) == 2
    assert len(rows) == 2 * 3 * 2
    # 2 (C(5, 0) + C(5, 1) + C(5, 2)) at n = 6, d = 3
    assert {row["n_patterns"] for row in rows if row["n"] == "6"} == {"32"}
    assert all(int(row["n_found"]) <= int(row["n_patterns"]) for row in rows)


def test_it_has_the_setting_of_its_own_and_no_other_experiment_has(
    relaxgap: Callable[..., Result],
) -> None:
    chosen = ("run", "scale=ci", "--dry-run", "grid.seed=0..4")
    finer = relaxgap(*chosen, "experiment=pattern_count", "repeats=3")
    assert "pattern_count: 10 cells, 0 done" in finer.stdout
    other = relaxgap(*chosen, "experiment=gap_vs_log_n", "repeats=3")
    assert (other.exit_code, "got 'repeats'" in other.stderr) == (2, True)
    lacking = relaxgap(*chosen, "experiment=pattern_count", "training=short_gd")
    assert (lacking.exit_code, "got 'training'" in lacking.stderr) == (2, True)


def test_it_is_listed_and_has_a_row_in_the_table_of_claims(
    relaxgap: Callable[..., Result],
) -> None:
    experiment = registry.EXPERIMENTS["pattern_count"]
    listed = json.loads(relaxgap("list", "--json").stdout)["experiments"]
    assert listed["pattern_count"] == experiment.shows
    assert "`relaxgap run experiment=pattern_count`" in claims_table([experiment])


def test_it_is_one_folder_and_one_config() -> None:
    files = {str(path.relative_to(TOY)) for path in TOY.rglob("*.*") if path.suffix != ".pyc"}
    drawer = {f"pattern_count/{name}.py" for name in ("__init__", "cell", "figure")}
    assert files == {*drawer, "conf/experiment/pattern_count.yaml"}


def test_contributing_quotes_its_files() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    quoted = re.findall(r"<!-- (tests/toy/experiment/\S+) -->\n```\w+\n(.*?)```", guide, re.DOTALL)
    assert len(quoted) == 4
    for path, text in quoted:
        assert text == (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_running_costs_is_measured_on_it() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "toy" / "benchmark.py"), "4", "6"],
        capture_output=True,
        text=True,
        check=True,
    )
    measured = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert all(float(seconds) >= 0 and unit == "s" for seconds, unit, _ in measured)
    assert "check of 6 done cells" in {what for *_, what in measured}
