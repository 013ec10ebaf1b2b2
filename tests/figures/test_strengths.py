from collections.abc import Sequence

import pandas as pd
import pytest
from run_summaries import as_read, rendered

from relaxgap.drawing.strengths import (
    at_common_sizes,
    draw_strengths,
    of_main_strength,
    strengths_of,
    strengths_title,
)
from relaxgap.drawing.style import figure_style
from relaxgap.experiments.certified_gap.ratios import over_bracket, with_brackets


def rows(*made: tuple[float | None, str, int, float]) -> pd.DataFrame:
    names = ("beta_fraction", "method", "n", "ratio")
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in made])
    return as_read(frame.assign(size_rule="n"))


MIXED = rows(
    (0.1, "relaxation", 8, 1.2),
    (0.1, "relaxation", 16, 1.3),
    (0.1, "relaxation", 32, 1.9),
    (0.1, "sgd", 8, 1.0),
    (0.01, "relaxation", 8, 1.6),
    (0.01, "relaxation", 16, 1.5),
)


def test_the_main_strength_is_that_of_most_rows() -> None:
    assert set(of_main_strength(MIXED)["beta_fraction"]) == {0.1}
    given = rows((None, "relaxation", 8, 1.0))
    assert len(of_main_strength(given)) == 1
    assert strengths_of(given).tolist() == ["as given"]


def test_strengths_are_compared_where_all_of_them_are() -> None:
    shared = at_common_sizes(MIXED)
    assert sorted(shared["n"]) == [8, 8, 16, 16]
    assert set(shared["method"]) == {"relaxation"}
    title = strengths_title(shared, "ratio")
    assert "a relaxation over the optimum is 1.60 ($\\beta=0.01" in title
    assert "1.30 ($\\beta=0.1" in title
    with figure_style():
        figure = draw_strengths(shared, "ratio")
    (axes,) = rendered(figure).axes
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["$\\beta=0.01\\,\\beta_{\\max}$", "$\\beta=0.1\\,\\beta_{\\max}$"]
    assert list(axes.get_xticks()) == [8, 16]


def instance(beta_fraction: float, values: Sequence[float]) -> list[dict[str, object]]:
    made = zip(("global", "relaxation"), ("", "n"), values, (1.0, values[1]), strict=True)
    return [
        {
            "cell": "a", "data": "gaussian", "n": 8, "d": 4, "seed": 0,
            "beta_fraction": beta_fraction, "method": method, "size_rule": rule, "start": None,
            "primal_value": value, "dual_value": bound, "status": "solved",
        }
        for method, rule, value, bound in made
    ]  # fmt: skip


def test_other_strengths_are_no_instances_of_the_certified_ratios_unless_asked_for() -> None:
    main = [*instance(0.1, (1.0, 1.2)), *instance(0.1, (1.0, 1.4))]
    frame = as_read([*main, *instance(0.01, (1.0, 3.0))])
    pd.testing.assert_frame_equal(over_bracket(frame), over_bracket(as_read(main)))
    assert with_brackets(frame)["cell"].nunique() == 2
    every = over_bracket(frame, every_strength=True)
    assert every["best network"].tolist() == pytest.approx([1.2, 1.4, 3.0])
