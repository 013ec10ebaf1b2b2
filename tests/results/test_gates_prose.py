"""What is written of samplers of gates and of other ways to the optimum, from the committed CSV."""

import pandas as pd
import pytest

from relaxgap.experiments.global_benchmark.cell import OURS, SCIP
from relaxgap.experiments.global_benchmark.figure import with_gaps
from relaxgap.experiments.informed_gates.figure import name_of, pairs, with_ratios
from results.prose import assert_says, percent, power, readme, row, section, significant, summary

SIZES = ((40, 20), (200, 100), (1000, 500), (100, 5))
SKETCHED = "geometric_algebra:10"


@pytest.fixture(scope="module")
def gates() -> pd.DataFrame:
    return with_ratios(summary("informed_gates"))


@pytest.fixture(scope="module")
def peers() -> pd.DataFrame:
    return with_gaps(summary("global_benchmark"))


def said(gap: float) -> str:
    """Write a gap: as a power of ten below a tenth."""
    return f"{gap:.2g}" if gap >= 0.1 else power(gap) if gap > 0.0 else "0"


def test_informed_gates_are_the_medians_of_their_rows(gates: pd.DataFrame) -> None:
    at_eight = gates[gates["size_rule"] == "8 log n"]
    medians = at_eight.groupby(["method", "n", "d"])[
        ["ratio", "over_bound", "cpu_seconds"]
    ].median()
    written = []
    for method in gates["method"].drop_duplicates():
        cells = []
        for size in SIZES:
            if (method, *size) not in medians.index:
                cells.append("–")
                continue
            found = medians.loc[(method, *size)]
            seconds = significant(found["cpu_seconds"], 2)
            cells.append(f"{found['ratio']:.2f} to {found['over_bound']:.2f}, {seconds} s")
        written.append(row(name_of(method), *cells))
    sizes = [f"n = {n}, d = {d}" for n, d in SIZES]
    assert_says(section("informed_gates"), row("P̃ = 8 log n", *sizes), *written)
    seeds = at_eight.groupby(["n", "d"])["seed"].nunique()
    assert [seeds[size] for size in SIZES] == [5, 5, 2, 5]
    assert (at_eight["n_patterns"] == at_eight["n_gates"])[at_eight["n"] > 100].all()


def test_samplers_are_counted_against_each_other(gates: pd.DataFrame) -> None:
    def below(one: str, other: str) -> str:
        both = pairs(gates, one, other)
        return f"{(both[one] < both[other]).sum()} of {len(both)}"

    informed = ("informed:1", "informed:2", "informed:4")
    assert_says(
        section("informed_gates"),
        "With 4 log n gates or more, one, two and four rounds are below as many Gaussian gates in "
        f"{below(informed[0], 'gaussian')}, {below(informed[1], 'gaussian')} and "
        f"{below(informed[2], 'gaussian')} samples",
        f"Gaussian ones below geometric algebra in {below('gaussian', 'geometric_algebra')}, and "
        f"below its sketch in {below('gaussian', SKETCHED)}",
    )


def test_fewer_informed_gates_do_what_more_gaussian_ones_do(gates: pd.DataFrame) -> None:
    medians = gates.groupby(["n", "d", "method", "size_rule"])[["ratio", "cpu_seconds"]].median()
    few = medians.loc[(1000, 500, "informed:4", "2 log n")]
    many = medians.loc[(1000, 500, "gaussian", "8 log n")]
    least = medians.loc[(100, 5, "gaussian", "1 log n"), "ratio"]
    worse = medians.loc[(100, 5, "informed:1", "1 log n"), "ratio"]
    assert_says(
        section("informed_gates"),
        f"At n = 1000, 2 log n gates of four rounds are at {few['ratio']:.2f} in "
        f"{few['cpu_seconds']:.1f} s, 8 log n Gaussian ones at {many['ratio']:.2f} in "
        f"{many['cpu_seconds']:.1f} s",
        f"with log n gates at n = 100, d = 5 one round is at {worse:.2f}, a Gaussian sample at "
        f"{least:.2f}",
    )


def test_over_the_brackets_of_certified_gap_the_ratios_are_known_better(
    gates: pd.DataFrame,
) -> None:
    bracketed = summary("certified_gap")
    bracketed = bracketed[(bracketed["n"] == 1000) & (bracketed["d"] == 500)]
    rows = gates[gates["n"] == 1000]
    both = pd.concat([bracketed, rows, summary("informed_gates").query("n == 1000")])
    # the same instances
    for _, of_seed in both.groupby("seed"):
        assert of_seed["beta"].to_numpy() == pytest.approx(of_seed["beta"].iloc[0], rel=1e-9)
    best = both.groupby("seed")["primal_value"].min()
    bound = bracketed[bracketed["method"] == "global"].set_index("seed")["dual_value"]

    def ends(sampler: str) -> tuple[str, str]:
        chosen = rows[(rows["method"] == sampler) & (rows["size_rule"] == "8 log n")]
        values = chosen.set_index("seed")["primal_value"]
        return f"{(values / best).median():.2f}", f"{(values / bound).median():.2f}"

    informed, gaussian = ends("informed:4"), ends("gaussian")
    assert_says(
        section("informed_gates"),
        f"put four rounds with 8 log n gates at n = 1000 between {' and '.join(informed)} times "
        f"p\\* and Gaussian gates between {' and '.join(gaussian)}",
    )
    assert_says(
        readme(),
        f"as many gates around the neurons of smaller relaxations reach {' to '.join(informed)}",
    )


def test_the_means_of_others_are_those_of_their_rows(peers: pd.DataFrame) -> None:
    sizes = sorted(peers["n"].unique())
    written = []
    for method, name in (
        (OURS, "relaxgap, bracket"),
        ("sdp_clarabel", "SDP, Clarabel"),
        ("sdp_scs", "SDP, SCS"),
        (SCIP, "SCIP, bracket"),
        ("adam", "Adam"),
    ):
        rows = peers[peers["method"] == method]
        medians = rows.groupby("n")[["seconds_each", "gap"]].agg(["median", "max"])
        cells = []
        for n in sizes:
            if n not in medians.index:
                cells.append("–")
                continue
            seconds = significant(medians.loc[n, ("seconds_each", "median")], 2)
            gap = medians.loc[n, ("gap", "max")]
            cells.append(f"{seconds} s, {said(gap)}")
        written.append(row(name, *cells))
    assert_says(section("global_benchmark"), row("n", *sizes), *written)
    assert set(peers.groupby("n")["seed"].nunique()) == {3}


def test_what_became_of_the_means_of_others(peers: pd.DataFrame) -> None:
    scip, adam = (peers[peers["method"] == method] for method in (SCIP, "adam"))
    semidefinite = peers[peers["method"].str.startswith("sdp")]
    closed = scip["gap"] <= 1.001e-4
    above = semidefinite["dual_value"] > semidefinite["optimum"]
    tight = semidefinite["gap"] <= 1e-5
    assert (scip.loc[~closed, "cpu_seconds"] >= 60.0).all()
    ours = peers[peers["method"] == OURS]
    assert (ours["status"] == "solved").all()
    assert_says(
        section("global_benchmark"),
        f"SCIP closes {closed.sum()} of {len(scip)} instances to 10⁻⁴ in 60 s",
        f"within 10⁻⁵ of p\\* or above it on {tight.sum()} of {len(semidefinite)} solves, above it "
        f"on {above.sum()}, and at most {percent(semidefinite['gap'].max(), 1)}% below",
        f"{adam['n_found'].sum():.0f} of {adam['n_runs'].sum():.0f} runs of Adam",
    )
