import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest
from composed import compose_plain, with_overrides

from relaxgap.data import DigitsData, GaussianData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.timing.settings import BenchmarkSettings
from relaxgap.runner.grid import grid_points


def test_a_path_set_by_hand_replaces_its_axis(base: Callable[[str], dict[str, Any]]) -> None:
    config = with_overrides(base("gap_vs_log_n"), data__n=6, seed=3)
    cell, *strengths = grid_points(config, {"data.n", "seed"})
    assert len(strengths) == 2
    assert (cell.cell.data, cell.cell.seed) == (
        dataclasses.replace(cell.cell.data, n=6),  # type: ignore[type-var]
        3,
    )
    assert cell.label == "single cell"


def test_a_setting_by_hand_reaches_every_option_of_an_axis_of_options(
    base: Callable[[str], dict[str, Any]],
) -> None:
    config = with_overrides(base("pattern_preservation"), scale="ci", data__n=8)
    cells = grid_points(config, {"data.n"})
    kinds = {type(cell.cell.data) for cell in cells}
    assert kinds == {GaussianData, DigitsData}
    assert {cell.cell.data.n for cell in cells} == {8}  # type: ignore[attr-defined]


def test_a_setting_by_hand_reaches_the_options_that_have_it() -> None:
    composed = compose_plain(["training=protocol_p"], "pattern_preservation")
    config = with_overrides(composed, scale="ci")
    config["grid"]["training"] = ["protocol_l", "protocol_p"]
    config["training"]["methods"]["adam"]["n_steps"] = 7
    cells = grid_points(config, {"training.methods.adam.n_steps"})
    plans = [point.cell.settings.training for point in cells]
    steps = {plan.protocol: plan.methods for plan in plans}
    assert steps["P"]["adam"].n_steps == 7
    assert "adam" not in steps["L"]


def test_points_that_coincide_are_one_cell(base: Callable[[str], dict[str, Any]]) -> None:
    config = with_overrides(base("gap_vs_log_n"), grid={"seed": [0, 1, 0]})
    assert [cell.label for cell in grid_points(config)] == ["seed=0", "seed=1"]


def test_the_grid_is_the_product_of_its_axes_in_order(
    base: Callable[[str], dict[str, Any]],
) -> None:
    grid = {"data": {"n": [4, 6]}, "seed": {"ci": [0, 1], "default": [0]}}
    config = with_overrides(base("gap_vs_log_n"), scale="ci", grid=grid)
    labels = [cell.label for cell in grid_points(config)]
    assert labels == [f"data.n={n} seed={seed}" for n in (4, 6) for seed in (0, 1)]


def test_an_axis_of_mappings_moves_its_settings_together(
    base: Callable[[str], dict[str, Any]],
) -> None:
    sizes = [
        {"data.n": 4, "data.d": 3, "patterns.n_gates": "5"},
        {"data.n": 6, "data.d": 2, "patterns.n_gates": "9", "benchmark.solvers": ["scs"]},
    ]
    config = with_overrides(base("solver_benchmark"), grid={"size": sizes, "seed": [0, 1]})
    config["data"]["aspect_ratio"] = None
    cells = grid_points(config)
    assert [cell.label for cell in cells[1:3]] == [
        "data.n=4 data.d=3 patterns.n_gates=5 seed=1",
        "data.n=6 data.d=2 patterns.n_gates=9 benchmark.solvers=scs seed=0",
    ]
    shapes = [(cell.cell.data.n, cell.cell.settings.patterns.n_gates) for cell in cells[::2]]  # type: ignore[attr-defined]
    assert shapes == [(4, ("5",)), (6, ("9",))]
    chosen = tuple(config["benchmark"]["solvers"])
    assert cells[0].cell.settings.benchmark == BenchmarkSettings(solvers=chosen)
    assert cells[2].cell.settings.benchmark.solvers == ("scs",)


def labels(config: dict[str, Any], fixed: Collection[str] = ()) -> list[str]:
    return [point.label for point in grid_points(config, fixed)]


def test_lists_in_an_entry_stand_for_their_product_and_a_range_for_its_integers(
    base: Callable[[str], dict[str, Any]],
) -> None:
    entries = [{"data.n": [4, 6], "seed": "0..1"}, {"data.n": 8}]
    config = with_overrides(base("gap_vs_log_n"), grid={"instance": entries})
    assert labels(config) == [
        "data.n=4 seed=0",
        "data.n=4 seed=1",
        "data.n=6 seed=0",
        "data.n=6 seed=1",
        "data.n=8",
    ]


def test_an_empty_entry_leaves_every_setting_as_it_is(
    base: Callable[[str], dict[str, Any]],
) -> None:
    budgets = {"ci": [{"data.n": 4}], "default": [{}]}
    config = with_overrides(base("gap_vs_log_n"), grid={"budget": budgets, "seed": [0, 1]})
    assert labels(config) == ["seed=0", "seed=1"]
    assert labels(with_overrides(config, scale="ci")) == ["data.n=4 seed=0", "data.n=4 seed=1"]


def test_a_setting_that_is_a_list_takes_one_whole_and_a_list_of_lists_is_several(
    base: Callable[[str], dict[str, Any]],
) -> None:
    entries = [
        {"data.n": 4, "networks.width": ["4", "8"]},
        {"data.n": 4, "networks.width": [["16"], ["32", "64"]]},
    ]
    config = with_overrides(base("gap_vs_log_n"), grid={"instance": entries})
    widths = [point.cell.settings.networks.width for point in grid_points(config)]
    assert widths == [("4", "8"), ("16",), ("32", "64")]


@pytest.mark.parametrize("names", [("seed", "instance"), ("instance", "seed")])
def test_what_an_entry_names_wins_over_another_axis_whichever_comes_first(
    base: Callable[[str], dict[str, Any]], names: Sequence[str]
) -> None:
    axes = {"seed": "0..2", "instance": [{"data.n": 4}, {"data.n": 6, "seed": [7, 8]}]}
    config = with_overrides(base("gap_vs_log_n"), grid={name: axes[name] for name in names})
    found = {(p.cell.data.n, p.cell.seed) for p in grid_points(config)}  # type: ignore[attr-defined]
    assert found == {(4, 0), (4, 1), (4, 2), (6, 7), (6, 8)}
    assert len(labels(config)) == 5


def test_an_option_is_chosen_before_its_settings_are_assigned(
    base: Callable[[str], dict[str, Any]],
) -> None:
    entry = {"training.methods.gd.n_steps": 9, "training": ["stationary_gd", "short_gd"]}
    config = with_overrides(base("descent_path"), grid={"instance": [entry]})
    methods = [point.cell.settings.training.methods["gd"] for point in grid_points(config)]
    assert [(m.n_steps, m.schedule) for m in methods] == [(9, "decay"), (9, "constant")]


def test_a_setting_by_hand_reaches_the_options_that_entries_name(
    base: Callable[[str], dict[str, Any]],
) -> None:
    entries = [{"training": "stationary_gd", "data.n": 4}, {"data.n": 6}]
    config = with_overrides(base("descent_path"), grid={"instance": entries})
    config["training"]["methods"]["gd"]["n_steps"] = 7
    points = grid_points(config, {"training.methods.gd.n_steps"})
    assert [p.cell.settings.training.methods["gd"].n_steps for p in points] == [7, 7]


def test_a_setting_by_hand_wins_over_an_axis_of_mappings(
    base: Callable[[str], dict[str, Any]],
) -> None:
    sizes = [{"data.n": n, "patterns.n_gates": "5"} for n in (4, 6)]
    config = with_overrides(base("gap_vs_log_n"), grid={"size": sizes}, data__n=8)
    (cell,) = grid_points(config, {"data.n"})
    assert cell.cell.data.n == 8  # type: ignore[attr-defined]
    assert cell.label == "patterns.n_gates=5"


def test_a_scale_without_values_is_refused(base: Callable[[str], dict[str, Any]]) -> None:
    config = with_overrides(base("gap_vs_log_n"), scale="full", grid={"seed": {"ci": [0]}})
    with pytest.raises(ConfigurationError, match=r"grid\.seed at scale full, got only ci"):
        grid_points(config)
