"""What is written of the seconds of solvers and of training, recomputed from their CSV."""

import numpy as np
import pandas as pd

from relaxgap.drawing.timings import label_of, seconds_to, slope
from relaxgap.experiments.complexity.figure import loss_ratios, with_unknowns
from relaxgap.experiments.sharpness_benchmark.figure import gains_of
from relaxgap.experiments.tall_benchmark.figure import ratios
from relaxgap.experiments.training_benchmark.figure import time_ratios
from results.prose import (
    assert_says,
    power,
    readme,
    row,
    section,
    significant,
    statistics,
    summary,
)

OURS = "semismooth_newton"
KEYS = ["program", "n", "d", "beta_fraction"]
OTHERS = ["clarabel", "ecos", "scs", "pyscnn"]


def test_training_benchmark_is_the_ratios_of_its_rows() -> None:
    text, rows = section("training_benchmark"), summary("training_benchmark")
    times = time_ratios(rows).set_index(["method", "n"])
    for n in sorted(rows["n"].unique()):
        gd, adam = times.loc[("gd", n)], times.loc[("adam", n)]
        cells = [
            cell
            for one in (gd, adam)
            for cell in (
                significant(one["milliseconds_a_step"], 2),
                f"{one['over_pytorch']:.2f}",
                significant(one["over_single"], 2),
            )
        ]
        assert_says(text, row(f"{n}, {gd['d']:.0f}, {gd['width']:.0f}", *cells))
    assert set(rows["n_repeats"]) == {5}
    large = times[times.index.get_level_values("n") >= 200]["over_single"]
    assert (large >= 0.95 * rows["n_runs"].max()).all()


def test_complexity_is_its_slopes_seconds_and_losses() -> None:
    text, rows = section("complexity"), with_unknowns(summary("complexity"))
    slopes = statistics("complexity").set_index("solver")
    dense, sparse, ours = (slopes.loc[name] for name in ("dense_interior_point", "clarabel", OURS))
    unknowns = rows[rows["solver"] == "dense_interior_point"]["unknowns"]
    seconds = rows.groupby(["solver", "n"])["seconds"].median()
    losses = loss_ratios(summary("complexity"))
    above = int((losses["lower"] > np.sqrt(np.log(2.0 * losses["n"]))).sum())
    assert_says(
        text,
        f"grow as (dm)^{dense['slope']:.1f} (95%: {dense['low']:.1f} to {dense['high']:.1f}) for "
        f"dm from {unknowns.min():.0f} to {unknowns.max():,.0f} (n = {dense['n_from']:.0f} to "
        f"{dense['n_to']:.0f}, two seeds and one at 140)",
        f"{seconds['dense_interior_point'][24]:.2f} s at the first, "
        f"{seconds['dense_interior_point'][140]:.0f} s at the last",
        f"takes {seconds['clarabel'][140]:.1f} s at n = 140, with the power "
        f"{sparse['slope']:.1f} over the same sizes; ours takes "
        f"{seconds[OURS][140]:.2f} s, with the power {ours['slope']:.1f}",
        f"between {losses['lower'].min():.2f} and {losses['upper'].max():.2f} p\\*, above √log 2n "
        f"on {above} of {len(losses)} instances",
    )
    seeds = rows.groupby("n")["seed"].nunique()
    assert (seeds.pop(140), set(seeds)) == (1, {2})
    assert slopes["n_to"].nunique() == 1


def test_solver_growth_is_the_medians_and_their_slopes() -> None:
    text, rows = section("solver_growth"), summary("solver_growth")
    error = rows["tolerance"].min()
    assert (error, rows["seed"].nunique()) == (1e-4, 2)
    medians = seconds_to(rows, error).replace(np.inf, np.nan).groupby(["program", "n"]).median()

    def cells(program: str, solver: str) -> list[str]:
        return [written(s) for s in medians.loc[program][solver]]

    def steepness(program: str, solver: str, sizes: list[int]) -> str:
        return f"{slope(np.array(sizes, dtype=float), medians.loc[program][solver][sizes]):.1f}"

    assert_says(
        text,
        row("cones, ours", *cells("relu", OURS)),
        row("cones, Clarabel", *cells("relu", "clarabel")),
        row("gated, ours", *cells("gated", OURS)),
        row("gated, Clarabel", *cells("gated", "clarabel")),
    )
    cones, gates, large = [50, 100, 200], [50, 100, 200, 500], [200, 500, 1000]
    assert medians.loc["relu"]["clarabel"].dropna().index.tolist() == cones
    assert medians.loc["gated"]["clarabel"].dropna().index.tolist() == gates
    sizes = np.array(large, dtype=float)
    polynomial = slope(sizes, (sizes * np.log(sizes)) ** 3)
    assert_says(
        text,
        f"they are {steepness('relu', OURS, cones)} for ours and "
        f"{steepness('relu', 'clarabel', cones)} for Clarabel with cones (50 to 200), "
        f"{steepness('gated', OURS, gates)} and {steepness('gated', 'clarabel', gates)} without "
        f"(50 to 500); from 200 to 1000, ours are {steepness('relu', OURS, large)} with cones and "
        f"{steepness('gated', OURS, large)} without, against {polynomial:.1f} for Theorem 2's "
        "polynomial",
    )


def test_solver_benchmark_is_the_seconds_of_its_rows() -> None:
    text, rows = section("solver_benchmark"), summary("solver_benchmark")
    asked = rows[(rows["solver"] == OURS) & (rows["tolerance"] == 1e-6)]
    ours = asked.set_index(["program", "n", "beta_fraction"])
    fastest = {error: fastest_other(rows, error) for error in (1e-3, 1e-6)}
    names = {"relu": "cones", "gated": "gated"}
    for (program, n), of_size in ours.groupby(level=["program", "n"]):
        runs = of_size.droplevel(["program", "n"])
        size = rows[(rows["n"] == n) & (rows["program"] == program)].iloc[0]
        betas = sorted(runs.index, reverse=True)
        assert betas == ([0.1, 0.01] if n == 40 else [0.1])
        assert_says(
            text,
            row(
                names[program],
                f"{n}, {size['d']}, {size['n_gates']}",
                " / ".join(seconds(runs.loc[beta, "seconds"]) for beta in betas),
                *(
                    " / ".join(named(fastest[error], (program, n), beta) for beta in betas)
                    for error in fastest
                ),
                " / ".join(f"{runs.loc[beta, 'n_iterations']:.0f}" for beta in betas),
                " / ".join(f"{runs.loc[beta, 'peak_megabytes']:.0f}" for beta in betas),
            ),
        )
    limits = rows.groupby(["program", "n"])["time_limit_seconds"].max()
    assert limits.pop(("relu", 1000)) == 100.0
    assert set(limits) == {40.0}
    conic = rows[rows["solver"].isin(["clarabel", "scs"])]
    assert set(conic.loc[conic["status"] == "too_large", "n"]) == {200}
    assert not set(rows["status"]) & {"absent", "failed"}


def test_tall_benchmark_is_the_seconds_of_its_rows() -> None:
    text, rows = section("tall_benchmark"), summary("tall_benchmark")
    names = {"relu": "cones", "gated": "gated"}
    seconds = []
    for loss, some in rows.groupby("loss"):
        loose, tight = (seconds_to(some, error) for error in (1e-4, 1e-6))
        memory = some[some["solver"] == OURS].groupby(KEYS)["peak_megabytes"].max()
        for key, found in loose.groupby(KEYS):
            program, n, d, fraction = key
            ours = found[OURS].median()
            others = [
                found[peer].replace(np.inf, np.nan).median() if peer in found else np.nan
                for peer in ("pyscnn", "cronos")
            ]
            fastest = pd.Series(others).min()
            at_tight = tight[OURS].replace(np.inf, np.nan).groupby(KEYS).median().loc[key]
            assert_says(
                text,
                row(
                    f"{names[program]}, {loss}", f"{n:,}, {d}", fraction, written(ours),
                    written(at_tight), *map(written, others),
                    "–" if np.isnan(fastest) else significant(fastest / ours, 2),
                    f"{memory.loc[key]:.0f}",
                ),
            )  # fmt: skip
        seconds.append(loose[OURS])
    assert np.isfinite(pd.concat(seconds)).all()
    reached = ratios(rows)
    known = reached[np.isfinite(reached)]
    assert_says(
        text,
        f"get there on {len(known)} of {len(reached)} tables, and the faster one takes there "
        f"{known.min():.2g} to {known.max():.2g} times as long",
    )
    ours = pd.concat(seconds)
    assert_says(
        readme(),
        f"tables of {rows['n'].min():,} to {rows['n'].max():,} rows are solved to 10⁻⁴ in "
        f"{written(ours.min())} to {written(ours.max())} s of one thread",
    )


def test_gpu_kernels_are_the_seconds_of_their_rows() -> None:
    text, rows = section("gpu_kernels"), summary("gpu_kernels")
    measured = rows[rows["device"] == "cpu"].set_index(["kernel", "n"])["seconds"]
    for n in sorted(rows["n"].unique()):
        assert_says(
            text, row(f"{n:,}", *(written(measured[name, n]) for name in rows["kernel"].unique()))
        )
    assert set(rows.loc[rows["device"] != "cpu", "status"]) == {"absent"}


def test_sharpness_benchmark_is_the_cones_a_minute_of_its_rows() -> None:
    text, rows = section("sharpness_benchmark"), summary("sharpness_benchmark")
    speeds = rows.groupby(["n", "method", "tolerance"], dropna=False)["cones_a_minute"].median()
    for n in sorted(rows["n"].unique()):
        ours, conic = speeds.loc[n, "ours"], speeds.loc[n, "clarabel"].iloc[0]
        cells = (f"{round(speed):,}" for speed in (ours[1e-4], ours[1e-6], conic))
        assert_says(text, row(n, *cells))
    gains = gains_of(rows)
    assert_says(text, f"{gains.min():.0f} to {gains.max():.0f} times as many as the conic solver")
    assert_says(text, f"The widest bracket of all is {power(float(rows['widest'].max()))}")
    excess = rows["largest_excess"].abs().max()
    assert_says(text, f"within {power(float(excess))} of our upper end")


def written(seconds: float) -> str:
    if pd.isna(seconds):
        return "–"
    return f"{seconds:.3f}" if seconds < 0.0095 else significant(seconds, 2)


def fastest_other(rows: pd.DataFrame, error: float) -> pd.DataFrame:
    """Return the seconds of the other solvers, by program, size and strength."""
    return seconds_to(rows, error).groupby(["program", "n", "beta_fraction"])[OTHERS].first()


def named(table: pd.DataFrame, at: tuple[object, object], beta: float) -> str:
    reached = table.loc[(*at, beta)].replace(np.inf, np.nan).dropna()
    if not len(reached):
        return "–"
    solver = str(reached.idxmin())
    return f"{seconds(reached.min())} ({label_of(solver)})"


def seconds(value: float) -> str:
    if value < 0.0995:
        return f"{value:.3f}"
    return f"{value:.2f}" if value < 9.995 else f"{value:.0f}"
