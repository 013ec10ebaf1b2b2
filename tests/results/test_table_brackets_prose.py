"""What is written of table_brackets, recomputed from its committed CSV."""

import numpy as np
import pytest

from relaxgap.experiments.table_brackets.figure import last, with_ratios
from results.prose import assert_says, row, section, summary

NAME = "table_brackets"
MOMENTS = (5.0, 10.0, 30.0, 60.0)


@pytest.fixture(scope="module")
def text() -> str:
    return section(NAME)


def down(ratio: float) -> str:
    """Write a proven part with three digits, rounded down."""
    return f"{np.floor(1e3 * ratio) / 1e3:.3f}"


def test_the_table_is_that_of_the_rows(text: str) -> None:
    frame = with_ratios(summary(NAME))
    wide = frame.pivot_table(
        index=["data", "n", "d", "beta_fraction"], columns="moment", values="ratio", sort=False
    )
    for (name, n, d, fraction), ratios in wide.iterrows():
        assert_says(
            text,
            row(
                name.replace("_", " "),
                f"{n} x {d}",
                f"{fraction:g}",
                *(down(ratios[moment]) for moment in MOMENTS),
            ),
        )


def test_what_proved_the_last_bounds_is_counted(text: str) -> None:
    rows = last(summary(NAME))
    counts = rows["certificate"].value_counts()
    said = ", ".join(f"`{name}` on {counts[name]}" for name in counts.index)
    assert_says(
        text,
        f"The last bounds are of {said}",
        f"{(rows['status'] == 'solved').sum()} closed to 10⁻⁴",
    )
