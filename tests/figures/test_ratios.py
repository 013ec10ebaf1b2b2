from collections.abc import Sequence

import pandas as pd
import pytest

from relaxgap.drawing.ratios import instance_caption, over_optimum, series_of
from relaxgap.errors import DataError


def summary(*rows: Sequence[object]) -> pd.DataFrame:
    columns = ["method", "size_rule", "n", "seed", "beta_fraction", "primal_value", "dual_value"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(d=2, data="gaussian", start=None)


def test_a_ratio_is_over_the_optimum_of_its_own_instance() -> None:
    frame = over_optimum(
        summary(
            ("exact", None, 4, 0, 0.1, 2.0, 1.9),
            ("relaxation", "n", 4, 0, 0.1, 3.0, 2.9),
            ("exact", None, 4, 1, 0.1, 4.0, 3.9),
            ("sgd", "4 n", 4, 1, 0.1, 5.0, None),
        )
    )
    assert frame["ratio"].tolist() == [1.5, 1.25]
    assert frame["optimum_bound"].tolist() == [1.9, 3.9]


def test_instances_of_one_size_and_seed_are_told_apart() -> None:
    frame = over_optimum(
        summary(
            ("exact", None, 4, 0, 0.5, 2.0, 2.0),
            ("relaxation", "n", 4, 0, 0.5, 3.0, 3.0),
            ("exact", None, 4, 0, 0.1, 1.0, 1.0),
            ("relaxation", "n", 4, 0, 0.1, 3.0, 3.0),
        )
    )
    assert frame["ratio"].tolist() == [1.5, 3.0]


def test_a_summary_with_optima_only_is_refused() -> None:
    with pytest.raises(DataError, match="got neither"):
        over_optimum(summary(("exact", None, 4, 0, 0.1, 2.0, 1.9)))


def test_every_method_is_a_series_whatever_its_label() -> None:
    rows = [("exact", None, 4, 0, 0.1, 2.0, 1.9)]
    rows += [(method, "n", 4, 0, 0.1, 3.0, None) for method in ("mine", "adam", "gd")]  # type: ignore[misc]
    names = [name.partition(",")[0] for name, _ in series_of(over_optimum(summary(*rows)))]
    assert names == ["GD", "Adam", "mine"]


def test_the_caption_says_what_all_instances_share() -> None:
    frame = over_optimum(
        summary(
            ("exact", None, 4, 0, 0.1, 2.0, 1.0),
            ("relaxation", "n", 4, 0, 0.1, 3.0, 2.9),
        )
    )
    instances, bands = instance_caption(frame)
    assert "n/d=2" in instances
    assert "0.1" in instances
    assert r"certified to $5\cdot10^{-1}$" in instances
    assert bands == "medians over 1 seeds, with quartiles from five values on"
