"""Run every experiment at scale=ci and compare its numbers with the committed references.

After a deliberate change of an experiment, with its ``results_version`` bumped, refresh with::

    relaxgap run experiment=NAME scale=ci runner.results_dir=fresh
    cp fresh/NAME/scale=ci/summary.csv tests/references/NAME.csv

The certified values are compared within their proven gaps. Training is chaotic, and the last bits
of a sum differ across processors: only medians of trained networks are compared. Seconds are of
no account.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from relaxgap.experiments.catalogue import EXPERIMENTS

pytestmark = pytest.mark.experiment

REFERENCES = Path(__file__).resolve().parents[1] / "references"
GAP_KEYS = (
    "data",
    "n",
    "d",
    "seed",
    "method",
    "size_rule",
    "n_gates",
    "n_patterns",
    "width",
    "start",
)
PRESERVATION_KEYS = ("data", "n", "d", "protocol", "method", "width", "seed", "start", "step")
EXACT_KEYS = ("data", "n", "d", "seed", "n_patterns", "cover_count", "complete")
BENCHMARK_KEYS = (
    "data",
    "n",
    "d",
    "seed",
    "n_gates",
    "n_patterns",
    "program",
    "beta_fraction",
    "solver",
    "tolerance",
    "status",
)
TRAINING_TIME_KEYS = ("data", "n", "d", "seed", "width", "method", "library", "n_runs", "n_steps")
KEPT = ("bits_kept", "neurons_kept", "patterns_kept")


def assert_same_keys(fresh: pd.DataFrame, reference: pd.DataFrame, keys: Sequence[str]) -> None:
    assert list(fresh.columns) == list(reference.columns)
    names = list(keys)
    pd.testing.assert_frame_equal(fresh[names], reference[names])


def assert_same_beta(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    np.testing.assert_allclose(fresh["beta"], reference["beta"], rtol=1e-9)


def compare_gaps(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, GAP_KEYS)
    assert_same_beta(fresh, reference)
    certified = reference["dual_value"].notna()
    one, other = fresh[certified], reference[certified]
    gaps = sum(frame["primal_value"] - frame["dual_value"] for frame in (one, other))
    apart = (one["primal_value"] - other["primal_value"]).abs()
    assert (apart <= gaps + 1e-9 * other["primal_value"]).all()
    groups = ["n", "method", "width"]
    medians = [
        frame[~certified].groupby(groups)["primal_value"].median() for frame in (fresh, reference)
    ]
    pd.testing.assert_series_equal(*medians, rtol=0.02, atol=0.0)


def compare_certified(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    compare_gaps(fresh, reference)
    assert_same_keys(fresh, reference, (*GAP_KEYS, "certificate"))
    assert (fresh.loc[fresh["method"] == "global", "status"] == "solved").all()


def compare_preservation(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, PRESERVATION_KEYS)
    assert_same_beta(fresh, reference)
    kept = list(KEPT)
    assert (fresh.loc[fresh["step"] == 0, kept] == 1.0).all(axis=None)
    groups = ["data", "protocol", "method", "width"]
    at_the_end = [
        frame[frame["step"] == frame.groupby(groups)["step"].transform("max")]
        .groupby(groups)[kept]
        .median()
        for frame in (fresh, reference)
    ]
    pd.testing.assert_frame_equal(*at_the_end, rtol=0.0, atol=0.03)


def compare_exact(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, EXACT_KEYS)
    assert_same_beta(fresh, reference)
    for frame in (fresh, reference):
        assert (frame["n_patterns"] == frame["cover_count"]).all()
    gaps = sum(frame["relative_gap"] * frame["primal_value"] for frame in (fresh, reference))
    apart = (fresh["primal_value"] - reference["primal_value"]).abs()
    assert (apart <= gaps + 1e-9 * reference["primal_value"]).all()


def compare_benchmark(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, BENCHMARK_KEYS)
    assert_same_beta(fresh, reference)
    for one, other in ((fresh, reference), (reference, fresh)):
        assert (one["lower_bound"] <= other["primal_value"] * (1.0 + 1e-9)).all()
    # the errors themselves are a matter of rounding; that they are met is not
    assert (fresh["relative_error"] <= fresh["tolerance"]).all()
    assert (fresh["seconds"] < fresh["time_limit_seconds"]).all()


def compare_training_times(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    # PyTorch is timed where it is installed
    fresh, reference = (
        frame[frame["library"] == "relaxgap"].reset_index(drop=True) for frame in (fresh, reference)
    )
    assert_same_keys(fresh, reference, TRAINING_TIME_KEYS)
    assert_same_beta(fresh, reference)
    np.testing.assert_allclose(fresh["final_loss"], reference["final_loss"], rtol=1e-6)
    assert (fresh["seconds"] > 0.0).all()


COMPARISONS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], None]] = {
    "gap_vs_log_n": compare_gaps,
    "gap_vs_width": compare_gaps,
    "pattern_preservation": compare_preservation,
    "certified_gap": compare_certified,
    "exact_optimum": compare_exact,
    "solver_benchmark": compare_benchmark,
    "solver_growth": compare_benchmark,
    "training_benchmark": compare_training_times,
}


def test_every_experiment_is_compared_with_a_reference() -> None:
    assert set(COMPARISONS) == set(EXPERIMENTS)
    assert {path.stem for path in REFERENCES.glob("*.csv")} == set(EXPERIMENTS)


@pytest.mark.parametrize("name", sorted(COMPARISONS))
def test_an_experiment_reproduces_its_reference(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from relaxgap.cli.main import main; main()", "run"]
    done = subprocess.run(
        [*command, f"experiment={name}", "scale=ci"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results" / name / "scale=ci"
    files = {"summary.csv", "manifest.json", f"{name}.png", f"{name}.pdf"}
    assert {path.name for path in folder.iterdir()} == files
    assert all((folder / file).stat().st_size for file in files)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["n_cells_finished"] == manifest["n_cells"]
    fresh, reference = (
        pd.read_csv(path) for path in (folder / "summary.csv", REFERENCES / f"{name}.csv")
    )
    COMPARISONS[name](fresh, reference)
