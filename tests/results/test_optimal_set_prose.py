"""What is said of sets of optimal networks is what their rows say."""

import pandas as pd

from relaxgap.experiments.cells_in_training.figure import ends
from relaxgap.experiments.critical_width.figure import is_made, known
from relaxgap.experiments.disagreement.figure import APART, gaussian, made
from relaxgap.experiments.narrow_optimum.figure import INSTANCE, instances, with_ratios
from relaxgap.experiments.staircase.figure import steps_of
from results.prose import assert_says, percent, power, section, significant, summary

NUMBERS = {1: "one neuron", 2: "two neurons"}


def width_sentences(rows: pd.DataFrame) -> list[str]:
    drawn, others = rows[~is_made(rows)], rows[is_made(rows)]
    answers = drawn["unique"].value_counts()
    many = drawn[drawn["unique"] == "no"]
    unsure = drawn.loc[drawn["unique"] == "not told", "dimension"]
    apart = int((many["smallest"] < many["largest"]).sum())
    at_least = many[many["beta_fraction"] == many["beta_fraction"].min()]
    by_d = ", ".join(
        f"{int((part['unique'] == 'no').sum())} of {len(part)} at d = {d}"
        for d, part in drawn.groupby("d")
    )
    widths = ", ".join(
        f"{part['smallest'].median():g} at n = {n}"
        for n, part in drawn[(drawn["d"] == 3) & (drawn["beta_fraction"] == 0.1)].groupby("n")
    )
    wider = others["smallest"] < others["largest"]
    return [
        f"Of {len(drawn)} Gaussian problems {answers.get('yes', 0)} have one optimal network and "
        f"{answers.get('no', 0)} have many, which is proven; {answers.get('not told', 0)} are not "
        f"told and look like a set of dimension {unsure.min()} to {unsure.max()}",
        f"{by_d}",
        f"{len(at_least)} of them at the least strength",
        f"a free linear part proves it on {int((many['proven_by'] == 'linear_part').sum())} of the "
        f"{len(many)}",
        f"{apart or 'None'} of them have vertices of different widths",
        f"The median m\\* at d = 3 and β = 0.1 β_max is {widths}",
        f"The two ends of m\\* are equal on {int(known(rows).sum())} of {len(rows)}",
        f"and those of M\\* on {int((rows['largest'] == rows['largest_high']).sum())}",
        f"the rank of the columns is below n on {int((rows['rank'] < rows['n']).sum())}",
        f"On {int(wider.sum())} of {len(others)} made instances m\\* < M\\*",
    ]


def staircase_sentences(rows: pd.DataFrame) -> list[str]:
    steps = steps_of(rows, "n_components", "n_single")
    placed = steps_of(rows, "n_labelled", "n_labelled_single")
    counted = int(rows["n_labelled"].notna().sum())
    early = sum(one.connected_from < one.connected_by for one in steps)
    exact = sum(one.connected_from == one.connected_exactly_by for one in steps)
    first = rows.drop_duplicates(["data", "seed"])
    return [
        f"All five hold on {sum(one.all_hold for one in steps)} of {len(steps)} instances up to "
        f"permutations, and on {sum(one.all_hold for one in placed)} of {len(placed)} for labelled "
        f"networks, which were counted at {counted} of {len(rows)} widths",
        f"m\\* < M\\* on {int((first['smallest'] < first['largest']).sum())}",
        f"up to {rows['n_components'].max():.0f} components up to permutations and "
        f"{rows['n_labelled'].max():,.0f} labelled ones",
        f"connected before the width of the theorem on {early}, and exactly from min(m\\* + M\\*, "
        f"r + 1) on {exact}",
    ]


def training_sentences(rows: pd.DataFrame) -> list[str]:
    last = ends(rows)
    said = []
    for (method, width), part in last.groupby(["method", "width"]):
        excess = part["loss"] / part["optimum_bound"] - 1.0
        name = {"gd": "GD", "adam": "Adam"}[str(method)]
        said.append(
            f"{name} at width {width} ends with {part['n_live'].median():g} live neurons in "
            f"{part['n_cells'].median():g} pairs, {percent(excess.median(), 2)}% above the optimum"
        )
    least = last.drop_duplicates(["n", "seed"])["smallest"]
    first = rows[(rows["step"] == 0) & (rows["width"] == rows["width"].max())]
    no_more, fewer = last["n_cells"] <= last["smallest"], last["n_cells"] < last["smallest_low"]
    excess = last.loc[fewer, "loss"] / last.loc[fewer, "optimum_bound"] - 1.0
    return [
        *said,
        f"from {first['n_cells'].median():g} pairs at the start",
        f"m\\* is {least.min()} to {least.max()}, in the median {least.median():g}",
        f"{int(no_more.sum())} of {len(last)} runs end in at most m\\* pairs",
        f"{int(fewer.sum())} in fewer, {percent(excess.min(), 2)} to {percent(excess.max(), 0)}% "
        "above the optimum",
        f"{significant(last['defect'].median(), 2)} from the strongest one of its pair",
    ]


def disagreement_sentences(rows: pd.DataFrame) -> list[str]:
    apart, drawn = made(rows), gaussian(rows)
    said = []
    for kind, part in apart.groupby("data", sort=False):
        strongest, weakest = part["set_fraction"].max(), part["set_fraction"].min()
        medians = part.groupby("set_fraction")["largest_found"].median()
        said.append(
            f"{kind}: {significant(medians[strongest], 2)} times the size of the labels at the "
            f"largest strength, {significant(medians[weakest], 2)} at the least"
        )
    many = drawn[drawn["unique"] == "no"]
    beyond = (apart["largest_proven"] - apart["largest_found"]).max()
    return [
        *said,
        f"the proven range is at most {power(beyond)} wider",
        f"on {int((apart['largest_found'] > APART).sum())} of {len(apart)} made problems by more "
        f"than {percent(APART)}%",
        f"{len(many)} of the {len(drawn)} Gaussian problems have many optimal networks",
        f"by at most {power(drawn['largest_found'].max())}",
        f"less than {percent(APART)}% is proven on {int((drawn['largest_proven'] < APART).sum())}",
    ]


def narrow_sentences(rows: pd.DataFrame) -> list[str]:
    runs, once = with_ratios(rows), instances(rows)
    said = []
    for width, part in once.groupby("width"):
        of_width = runs[runs["width"] == width]
        enough = part["smallest"] <= width
        n_runs, n_found = int(of_width["n_starts"].sum()), int(of_width["n_found"].sum())
        middle = significant(part["ratio"].median(), 3)
        missed = int((of_width["n_found"] == 0).sum())
        said.append(
            f"with {NUMBERS[int(str(width))]} the least loss is {middle} times p\\* in the median "
            f"and {significant(part['ratio'].max(), 2)} at most, m\\* is no "
            f"larger on {int(enough.sum())}, and {n_found:,} of {n_runs:,} runs "
            f"({percent(n_found / n_runs)}%) find it; none of {of_width['n_starts'].iloc[0]} does "
            f"on {missed} of {len(of_width)} pairs of a problem and a method"
        )
        ends = of_width["median_ratio"].median(), of_width["worst_ratio"].median()
        said.append(
            f"with {NUMBERS[int(str(width))]} the median run ends at {significant(ends[0], 3)} "
            f"times that least loss, in the median of these pairs, and the worst of 50 at "
            f"{significant(ends[1], 3)}; the worst of all runs at "
            f"{significant(of_width['worst_ratio'].max(), 2)} times it"
        )
    return [
        f"{once.groupby(INSTANCE).ngroups} problems",
        *said,
        f"known to {power(once['gap'].max())} or closer",
    ]


def test_the_section_on_critical_width_says_what_its_rows_say() -> None:
    assert_says(section("critical_width"), *width_sentences(summary("critical_width")))


def test_the_section_on_the_staircase_says_what_its_rows_say() -> None:
    assert_says(section("staircase"), *staircase_sentences(summary("staircase")))


def test_the_section_on_cells_in_training_says_what_its_rows_say() -> None:
    assert_says(section("cells_in_training"), *training_sentences(summary("cells_in_training")))


def test_the_section_on_disagreement_says_what_its_rows_say() -> None:
    assert_says(section("disagreement"), *disagreement_sentences(summary("disagreement")))


def test_the_section_on_narrow_optimum_says_what_its_rows_say() -> None:
    assert_says(section("narrow_optimum"), *narrow_sentences(summary("narrow_optimum")))
