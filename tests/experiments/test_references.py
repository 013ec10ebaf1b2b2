"""Run every experiment at scale=ci and compare its numbers with the committed references.

After a deliberate change of an experiment, with its ``results_version`` bumped, refresh with::

    relaxgap run experiment=NAME scale=ci runner.results_dir=fresh
    cp fresh/NAME/scale=ci/summary.csv tests/references/NAME.csv

The certified values are compared within their proven gaps. Training is chaotic, and the last bits
of a sum differ across processors: only medians of trained networks are compared. Seconds are of
no account.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from optimal_set_comparisons import OPTIMAL_SET_COMPARISONS
from theory_comparisons import THEORY_COMPARISONS, assert_close, assert_overlap, assert_same_rows
from three_layer_comparisons import THREE_LAYER_COMPARISONS
from vector_comparisons import VECTOR_COMPARISONS

from relaxgap.cli.main import main
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.figures import figures_of

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
RUN_KEYS = (
    "data",
    "n",
    "d",
    "seed",
    "method",
    "width",
    "init_scale",
    "step_factor",
    "learning_rate",
    "start",
)
KEPT = ("bits_kept", "neurons_kept", "patterns_kept")


def assert_same_keys(fresh: pd.DataFrame, reference: pd.DataFrame, keys: Sequence[str]) -> None:
    assert list(fresh.columns) == list(reference.columns)
    names = list(keys)
    # a new setting renames the cells, but the same rows belong together
    cells = [pd.factorize(frame["cell"])[0] for frame in (fresh, reference)]
    np.testing.assert_array_equal(*cells)
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


def compare_informed_gates(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "d", "seed", "method", "size_rule", "n_gates", "certificate")
    assert_same_keys(fresh, reference, keys)
    assert_same_beta(fresh, reference)
    # which gates informed ones are drawn around depends on the last bits of a solution
    certain = ~reference["method"].str.startswith("informed")
    assert_same_keys(fresh[certain], reference[certain], (*keys, "n_patterns"))
    for one, other in ((fresh, reference), (reference, fresh)):
        assert (one["dual_value"] <= other["primal_value"])[certain].all()
    for frame in (fresh, reference):
        bound = frame["dual_value"].where(frame["method"] == "global").ffill()
        assert (frame["primal_value"] >= bound).all()
        assert (frame["n_patterns"] <= frame["n_gates"])[frame["n_gates"].notna()].all()


def compare_global_benchmark(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    keys = ("data", "n", "d", "seed", "method", "width", "n_runs")
    assert_same_keys(fresh, reference, keys)
    assert_same_beta(fresh, reference)
    for one, other in ((fresh, reference), (reference, fresh)):
        assert (one["optimum_bound"] <= other["optimum"]).all()
    semidefinite = reference["method"].str.startswith("sdp")
    np.testing.assert_allclose(
        fresh.loc[semidefinite, "dual_value"], reference.loc[semidefinite, "dual_value"], rtol=1e-3
    )
    trained = fresh[fresh["n_runs"].notna()]
    assert (trained["primal_value"] >= trained["optimum_bound"]).all()
    assert (trained["n_found"] <= trained["n_runs"]).all()


def compare_preservation(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, PRESERVATION_KEYS)
    assert_same_beta(fresh, reference)
    kept = list(KEPT)
    assert (fresh.loc[fresh["step"] == 0, kept] == 1.0).all(axis=None)
    assert_sure_bounds_hold(fresh)
    groups = ["data", "protocol", "method", "width"]
    at_the_end = [
        frame[frame["step"] == frame.groupby(groups)["step"].transform("max")]
        .groupby(groups)[kept]
        .median()
        for frame in (fresh, reference)
    ]
    pd.testing.assert_frame_equal(*at_the_end, rtol=0.0, atol=0.03)


def assert_sure_bounds_hold(frame: pd.DataFrame) -> None:
    for measure in ("bits_kept", "neurons_kept"):
        assert (frame[f"certified_{measure}"] <= frame[measure]).all()


def compare_coupling(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, (*RUN_KEYS, "protocol", "step"))
    assert_sure_bounds_hold(fresh)
    assert (fresh.loc[fresh["step"] == 0, list(KEPT)] == 1.0).all(axis=None)
    ends = []
    for frame in (fresh, reference):
        # parts of the grid share runs
        rows = frame.drop_duplicates([*RUN_KEYS, "n_steps", "step"])
        runs = rows.groupby([*RUN_KEYS, "n_steps"], sort=False)
        ratio = rows["loss"] / runs["loss"].transform("first")
        # what is not logged on the way stops at 1% of its initial loss
        stopped = (runs["step"].transform("size") == 3) & (rows["step"] == rows["step"].max())
        ends.append(rows.assign(loss_ratio=ratio)[stopped])
    assert ends[0]["loss_ratio"].between(0.005, 0.01).all()
    tolerances = {"bits_kept": 0.005, "neurons_kept": 0.03, "mean_movement": 0.02}
    assert_same_medians(*ends, ["method", "width", "init_scale", "learning_rate"], tolerances)


def compare_final_preservation(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, (*RUN_KEYS, "protocol", "step"))
    assert_same_beta(fresh, reference)
    assert_sure_bounds_hold(fresh)
    assert (fresh["neurons_kept"] <= fresh["bits_kept"]).all()
    # what (A2) is about: most activations are kept, few whole patterns are
    assert fresh["bits_kept"].median() > 0.5 > fresh["neurons_kept"].max()
    tolerances = {"bits_kept": 0.1, "neurons_kept": 0.15, "residual": 0.05}
    groups = ["method", "beta", "width", "init_scale"]
    assert_same_medians(fresh, reference, groups, tolerances)


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
    assert fresh["gemm_gflops"].notna().all()
    tightest = fresh.groupby(["cell", "solver"])["tolerance"].transform("min")
    counted = (fresh["solver"] == "semismooth_newton") & (fresh["tolerance"] == tightest)
    assert (fresh["gigaflops"].notna() == counted).all()


def compare_complexity(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    compare_benchmark(fresh, reference)
    assert_within_gaps(fresh, reference, "optimum")
    # no network is below the optimum, whichever solver made it
    assert (fresh["optimum_bound"] <= fresh["primal_value"]).all()


def compare_training_times(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    # PyTorch is timed where it is installed
    fresh, reference = (
        frame[frame["library"] == "relaxgap"].reset_index(drop=True) for frame in (fresh, reference)
    )
    assert_same_keys(fresh, reference, TRAINING_TIME_KEYS)
    assert_same_beta(fresh, reference)
    np.testing.assert_allclose(fresh["final_loss"], reference["final_loss"], rtol=1e-6)
    assert (fresh["seconds"] > 0.0).all()


def assert_within_gaps(fresh: pd.DataFrame, reference: pd.DataFrame, name: str) -> None:
    """Assert that two certified brackets of the same number overlap."""
    for one, other in ((fresh, reference), (reference, fresh)):
        assert (one[f"{name}_bound"] <= other[name] * (1.0 + 1e-9)).all()


def assert_same_medians(
    fresh: pd.DataFrame, reference: pd.DataFrame, groups: Sequence[str], values: dict[str, float]
) -> None:
    """Assert that medians of trained networks agree, each within its absolute tolerance."""
    for name, atol in values.items():
        medians = [frame.groupby(list(groups))[name].median() for frame in (fresh, reference)]
        pd.testing.assert_series_equal(*medians, rtol=0.0, atol=atol)


def over_optimum(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.assign(ratio=frame[name] / frame["optimum"])


def compare_stationary(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, RUN_KEYS)
    assert_same_beta(fresh, reference)
    for name in ("optimum", "relaxation"):
        assert_within_gaps(fresh, reference, name)
    assert (fresh["minimal_loss"] <= fresh["loss"] * (1.0 + 1e-9)).all()
    assert (fresh["minimal_width"] <= fresh["n"]).all()
    tolerances = {"ratio": 0.03, "bits_kept": 0.1, "neurons_kept": 0.15}
    ratios = [over_optimum(frame, "loss") for frame in (fresh, reference)]
    assert_same_medians(*ratios, ["method", "width", "init_scale"], tolerances)


def compare_subsampled(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, (*RUN_KEYS, "boundary"))
    assert_same_beta(fresh, reference)
    assert_within_gaps(fresh, reference, "optimum")
    # each program contains the next one
    assert (fresh["optimum_bound"] <= fresh["both_signs"] * (1.0 + 1e-9)).all()
    assert (fresh["both_signs_bound"] <= fresh["signed"] * (1.0 + 1e-9)).all()
    # a network that is nearly stationary is nearly optimal over its patterns
    assert ((fresh["signed"] / fresh["loss"] - 1.0).abs() <= fresh["residual"]).all()
    ratios = [over_optimum(frame, "signed") for frame in (fresh, reference)]
    assert_same_medians(*ratios, ["width", "boundary"], {"ratio": 0.03})


def compare_paths(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    ends = []
    for frame in (fresh, reference):
        paths = frame.groupby([*RUN_KEYS, "origin"], sort=False)
        steps, starts = paths["loss"].diff().dropna(), paths["loss"].transform("first")
        assert (steps <= 1e-12 * starts[steps.index]).all()
        assert (frame["fit_change"] <= 1e-12).all()
        ends.append(over_optimum(paths.last().reset_index(), "loss"))
    assert_same_keys(*ends, (*RUN_KEYS, "origin"))
    assert_same_beta(*ends)
    assert_within_gaps(*ends, "optimum")
    assert (ends[0]["n_neurons"] <= ends[0]["n"]).all()
    # what happens before any training is no matter of rounding
    untrained = [frame[frame["origin"] == "initial"] for frame in (fresh, reference)]
    assert_same_keys(*untrained, (*RUN_KEYS, "piece", "kind", "t", "n_neurons"))
    np.testing.assert_allclose(*(frame["loss"] for frame in untrained), rtol=1e-9)
    assert_same_medians(*ends, ["origin"], {"ratio": 0.02})


def compare_landscape(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, (*RUN_KEYS, "width_rule", "pruned_width"))
    assert_same_beta(fresh, reference)
    assert_within_gaps(fresh, reference, "optimum")
    assert (fresh["optimum_bound"] <= fresh["best_loss"]).all()
    ratios = [over_optimum(frame, "best_loss") for frame in (fresh, reference)]
    assert_same_medians(*ratios, ["width_rule"], {"ratio": 0.05})


def compare_passes(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, ("data", "n", "d", "seed", "n_gates", "kernel", "dtype"))
    for frame in (fresh, reference):
        assert (frame.loc[frame["device"] == "cpu", "status"] == "measured").all()
        assert (frame["relative_error"].dropna() <= 1e-4).all()


def compare_sharpness_times(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, ("data", "n", "d", "seed", "method", "tolerance", "n_cones"))
    for frame in (fresh, reference):
        ours = frame[frame["method"] == "ours"]
        assert (ours["widest"] <= ours["tolerance"]).all()
        assert frame["largest_excess"].dropna().between(-1e-6, 1e-6).all()


def compare_tables(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_keys(fresh, reference, ("data", "n", "d", "n_classes", "seed", "method"))
    for frame in (fresh, reference):
        assert (frame["relative_gap"].dropna() <= 1e-3).all()
        assert (frame["lower_bound"].dropna() <= frame["network_value"].dropna()).all()
        certified = frame.dropna(subset="lower_bound")
        assert set(certified["method"]) == {"relu", "perceptron"}
    # a perceptron is trained until it is stopped, and boosting draws rows
    steady = [
        frame[frame["method"].isin(["relu", "gated", "linear"])] for frame in (fresh, reference)
    ]
    np.testing.assert_allclose(*(frame["test_error"] for frame in steady), rtol=0.1, atol=0.03)


def compare_table_brackets(fresh: pd.DataFrame, reference: pd.DataFrame) -> None:
    assert_same_rows(fresh, reference, ("data", "n", "d", "seed", "beta_fraction", "moment"))
    assert_close(fresh, reference, ("beta",), 1e-9)
    # how far a bracket gets in a few seconds depends on the machine, that it holds does not
    assert_overlap(fresh, reference, "primal_value", "dual_value")
    for frame in (fresh, reference):
        for _, rows in frame.groupby(["data", "beta_fraction"]):
            assert rows["dual_value"].is_monotonic_increasing
            assert rows["primal_value"].is_monotonic_decreasing


COMPARISONS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], None]] = {
    "gap_vs_log_n": compare_gaps,
    "gap_vs_width": compare_gaps,
    "pattern_preservation": compare_preservation,
    "coupling_lemma": compare_coupling,
    "assumption_a2": compare_final_preservation,
    "certified_gap": compare_certified,
    "informed_gates": compare_informed_gates,
    "global_benchmark": compare_global_benchmark,
    "exact_optimum": compare_exact,
    "solver_benchmark": compare_benchmark,
    "solver_growth": compare_benchmark,
    "tall_benchmark": compare_benchmark,
    "complexity": compare_complexity,
    "stationary_points": compare_stationary,
    "subsampled_program": compare_subsampled,
    "descent_path": compare_paths,
    "success_vs_width": compare_landscape,
    "training_benchmark": compare_training_times,
    "gpu_kernels": compare_passes,
    "sharpness_benchmark": compare_sharpness_times,
    "real_tables": compare_tables,
    "table_brackets": compare_table_brackets,
    **THEORY_COMPARISONS,
    **VECTOR_COMPARISONS,
    **OPTIMAL_SET_COMPARISONS,
    **THREE_LAYER_COMPARISONS,
}


def test_every_experiment_is_compared_with_a_reference() -> None:
    assert set(COMPARISONS) == set(EXPERIMENTS)
    assert {path.stem for path in REFERENCES.glob("*.csv")} == set(EXPERIMENTS)


@pytest.mark.usefixtures("unrendered")
@pytest.mark.parametrize("name", sorted(COMPARISONS))
def test_an_experiment_reproduces_its_reference(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # the suite itself keeps all cores busy
    chosen = ("run", f"experiment={name}", "scale=ci", "runner.n_jobs=1")
    done = CliRunner().invoke(main, chosen)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "results" / name / "scale=ci"
    figures = {f"{stem}.{kind}" for stem in figures_of(name) for kind in ("png", "pdf")}
    files = {"summary.csv", "manifest.json", *figures}
    if hasattr(EXPERIMENTS[name].figure, "statistics"):
        files.add("statistics.csv")
    assert {path.name for path in folder.iterdir()} == files
    assert all((folder / file).stat().st_size for file in files)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["n_cells_finished"] == manifest["n_cells"]
    fresh, reference = (
        pd.read_csv(path) for path in (folder / "summary.csv", REFERENCES / f"{name}.csv")
    )
    COMPARISONS[name](fresh, reference)
