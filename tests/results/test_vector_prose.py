"""What is said of networks with several outputs is what their rows say."""

import pandas as pd

from relaxgap.experiments.cnn_growth.figure import slopes
from relaxgap.experiments.frank_wolfe.figure import last_errors
from relaxgap.experiments.svd_noise.figure import equal
from relaxgap.experiments.vector_benchmark.figure import METHODS, in_order, speedups
from relaxgap.experiments.vector_classes.figure import best_errors
from relaxgap.experiments.vector_relaxation.figure import TIGHT, is_tight, with_ratios
from results.prose import assert_says, power, row, section, significant, summary


def relaxation_sentences(rows: pd.DataFrame) -> list[str]:
    """Return how tight each relaxation is, and how closely the optimum is known."""
    frame, count = with_ratios(rows), len(rows)
    tight = {name: int(is_tight(frame, name).sum()) for name in ("cell_bound", "lifted_bound")}
    worst = {
        name: 100.0 * (1.0 - frame[f"{name}_ratio"].min())
        for name in ("cell_bound", "lifted_bound", "gated_value")
    }
    apart = (rows["published_value"] / rows["lifted_bound"] - 1.0).abs()
    longer = (rows["published_seconds"] / rows["lifted_seconds"]).median()
    return [
        f"the optimum is proven to {power(rows['relative_gap'].max())} or closer on all {count}",
        f"is exact, to {power(TIGHT)}, on {tight['cell_bound']} of the {count}",
        f"by up to {worst['cell_bound']:.2g}%",
        f"on {tight['lifted_bound']}, and up to {worst['lifted_bound']:.0f}% low",
        f"the gated program over all cells is up to {worst['gated_value']:.0f}% low",
        f"Clarabel's is within {power(apart.max())} of our bound and takes {longer:.2g} times as "
        "long in the median",
    ]


def relaxation_table(rows: pd.DataFrame) -> list[str]:
    """Return medians by size of what trained networks and relaxations are over the optimum."""
    frame = with_ratios(rows)
    columns = ["lifted_bound", "gated_value", "adam_best", "adam_median", "sgd_best"]
    timed = ("exact", "cell", "lifted", "published")
    lines = []
    for (n, d, q), part in frame.groupby(["n", "d", "q"]):
        medians = [f"{part[f'{name}_ratio'].median():.3f}" for name in columns]
        seconds = [significant(part[f"{name}_seconds"].median(), 2) for name in timed]
        lines.append(row(n, d, q, *medians, *seconds))
    return lines


def wolfe_sentence(rows: pd.DataFrame) -> str:
    plain, ours = last_errors(rows, "plain"), last_errors(rows, "corrective")
    steps = rows[rows["method"] == "corrective"].groupby("cell")["step"].max()
    last = rows[rows["method"] == "plain"]["step"].max()
    return (
        f"After {last:,} plain steps the value is {100.0 * plain.min():.2g} to "
        f"{100.0 * plain.max():.2g}% above the optimum; fully corrective ones are within "
        f"{power(ours.max())} of it after {steps.min()} to {steps.max()}"
    )


def noise_sentence(rows: pd.DataFrame) -> str:
    clean, noisy = rows[rows["noise"] == 0.0], rows[rows["noise"] > 0.0]
    medians = noisy.groupby("noise")["ratio"].median()
    return (
        f"equal without noise, on all {int(equal(clean).sum())} instances, and on "
        f"{int(equal(noisy).sum())} of {len(noisy)} with it: the ReLU optimum is "
        f"{100.0 * (medians.iloc[0] - 1.0):.1f}% above in the median with noise of "
        f"{medians.index[0]:g} and {100.0 * (medians.iloc[-1] - 1.0):.0f}% with "
        f"{medians.index[-1]:g}"
    )


def growth_sentence(rows: pd.DataFrame) -> str:
    patterns, seconds = slopes(rows, "n_patterns"), slopes(rows, "seconds")
    largest = rows.groupby("patch")["n"].max()
    last = {
        patch: rows[(rows["patch"] == patch) & (rows["n"] == n)]["seconds"].median()
        for patch, n in largest.items()
    }
    return "; ".join(
        f"patches of {patch} columns: patterns as n to the {patterns[patch]:.1f}, seconds as n to "
        f"the {seconds[patch]:.1f}, {significant(last[patch], 2)} s at n = {largest[patch]}"
        for patch in patterns
    )


def nmf_sentence(rows: pd.DataFrame) -> str:
    cells, single = int(rows["n_cells"].sum()), int(rows["n_cells_of_one"].sum())
    return (
        f"Of the {cells:,} cells in use in {len(rows)} optima {single:,} hold one neuron, the "
        f"fullest {rows['most_neurons'].max()}; {int(rows['n_in_excess'].sum())} hold more neurons "
        f"than the rank of their block, and the largest rank is {rows['most_rank'].max()}"
    )


def classes_sentence(rows: pd.DataFrame) -> str:
    best = best_errors(rows)
    said = [
        f"{name} {100.0 * errors['together']:.1f}% against {100.0 * errors['each']:.1f}%"
        for name, errors in best.iterrows()
    ]
    return (
        f"The least median test errors are, together against one for each class, {', '.join(said)}"
    )


def test_the_section_on_vector_relaxation_says_what_its_rows_say() -> None:
    text, rows = section("vector_relaxation"), summary("vector_relaxation")
    assert_says(text, *relaxation_sentences(rows), *relaxation_table(rows))


def test_the_section_on_frank_wolfe_says_what_its_rows_say() -> None:
    assert_says(section("frank_wolfe"), wolfe_sentence(summary("frank_wolfe")))


def test_the_section_on_svd_noise_says_what_its_rows_say() -> None:
    assert_says(section("svd_noise"), noise_sentence(summary("svd_noise")))


def test_the_section_on_cnn_growth_says_what_its_rows_say() -> None:
    assert_says(section("cnn_growth"), growth_sentence(summary("cnn_growth")))


def test_the_section_on_semi_nmf_says_what_its_rows_say() -> None:
    assert_says(section("semi_nmf"), nmf_sentence(summary("semi_nmf")))


def test_the_section_on_vector_classes_says_what_its_rows_say() -> None:
    assert_says(section("vector_classes"), classes_sentence(summary("vector_classes")))


def benchmark_sentences(rows: pd.DataFrame) -> list[str]:
    """Return how long every program takes, and how much longer a conic solver does."""
    ratios, count = speedups(rows), len(rows)
    exact = rows[rows["method"] == "all_cells"]
    lines = [
        row(
            METHODS[r["method"]],
            r["n"],
            r["d"],
            r["q"],
            f"{r['beta_fraction']:g}",
            significant(r["seconds"], 2),
            power(r["relative_gap"]),
        )
        for _, r in in_order(rows).iterrows()
    ]
    return [
        f"{int(rows['solved'].sum())} of {count} reach the accuracy asked for",
        f"optima over all cells of up to {exact['n_patterns'].max()} patterns take "
        f"{exact['seconds'].max():.1f} s or less",
        f"{ratios.min():.1f} to {ratios.max():.0f} times as fast as CVXPY with Clarabel",
        *lines,
    ]


def test_the_section_on_vector_benchmark_says_what_its_rows_say() -> None:
    assert_says(section("vector_benchmark"), *benchmark_sentences(summary("vector_benchmark")))
