from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import pytest
from composed import compose_plain, with_overrides

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.axes import SCALES, range_of
from relaxgap.runner.cells import cell_key
from relaxgap.runner.config_files import config_dir, option_names
from relaxgap.runner.grid import grid_points


def seeds_of(config: dict[str, Any]) -> dict[str, list[int]]:
    """Return the seeds of an axis of their own by scale; entries may hold them instead."""
    return {scale: range_of(values) for scale, values in config["grid"].get("seed", {}).items()}


@pytest.mark.parametrize("experiment", sorted(EXPERIMENTS))
def test_every_shipped_experiment_expands_at_every_scale(
    base: Callable[[str], dict[str, Any]], experiment: str
) -> None:
    # one test, and so one process, for all: composing takes longer than expanding
    for scale in SCALES:
        assert_expands(base(experiment), experiment, scale)


def assert_expands(composed: dict[str, Any], experiment: str, scale: str) -> None:
    config = with_overrides(composed, scale=scale)
    seeds = seeds_of(config).get(scale, [])
    # one seed in the grid: checking hundreds of cells says nothing more
    config["grid"] |= {"seed": seeds[:1]} if seeds else {}
    cells = grid_points(config)
    assert cells
    assert len({cell.key for cell in cells}) == len({cell.label for cell in cells}) == len(cells)
    assert {cell.experiment for cell in cells} == {EXPERIMENTS[experiment]}
    # a grid writes once what its cells share
    assert all(cell_key(cell.experiment, cell.cell) == cell.key for cell in cells)
    assert len(set(seeds)) == len(seeds)


def test_a_larger_scale_contains_the_seeds_of_a_smaller_one(
    base: Callable[[str], dict[str, Any]],
) -> None:
    for experiment in EXPERIMENTS:
        seeds = seeds_of(base(experiment))
        if not seeds:
            continue
        assert seeds["full"][: len(seeds["default"])] == seeds["default"]
        assert seeds["default"][: len(seeds["ci"])] == seeds["ci"]


WITH_GROUP = {
    "descent_path": ("data", "regularisation", "runner", "training"),
    "gap_vs_log_n": ("networks", "patterns", "solver"),
    "solver_benchmark": ("benchmark",),
    "certified_gap": ("optimum",),
    "informed_gates": ("samplers",),
}


def _rounds() -> Iterator[tuple[str, list[str]]]:
    """Yield an experiment with an option of each of its groups until each had its turn."""
    for experiment, groups in WITH_GROUP.items():
        options = [[f"{group}={name}" for name in option_names(group)] for group in groups]
        for together in zip_longest(*options):
            yield experiment, [option for option in together if option]


@pytest.mark.slow
@pytest.mark.parametrize(("experiment", "options"), list(_rounds()))
def test_every_option_of_every_group_composes(experiment: str, options: list[str]) -> None:
    if "solver=ecos" in options:
        pytest.importorskip("ecos")
    overrides = [*options, "scale=ci"]
    if "data=file" in options:
        overrides += ["data.path=x.csv"]
    elif "regularisation=absolute" in options:
        overrides += ["data.n=4"]
    config = compose_plain(overrides, experiment)
    config["grid"]["seed"] = [0]
    assert grid_points(config, {override.partition("=")[0] for override in overrides})


def test_the_options_tried_are_those_of_all_groups() -> None:
    groups = {path.name for path in config_dir().iterdir() if path.is_dir()}
    # that each experiment expands is tested at every scale
    assert groups - {"experiment"} == {name for names in WITH_GROUP.values() for name in names}


@pytest.mark.parametrize(
    ("experiment", "scale", "n_cells"),
    [
        ("certified_gap", "default", 154),
        ("solver_benchmark", "default", 12),
        ("coupling_lemma", "default", 70),
        ("exact_optimum", "full", 65),
    ],
)
def test_a_grid_of_entries_has_as_many_cells_as_it_had_written_out(
    base: Callable[[str], dict[str, Any]], experiment: str, scale: str, n_cells: int
) -> None:
    cells = [point.cell for point in grid_points(with_overrides(base(experiment), scale=scale))]
    assert len(cells) == len(set(map(repr, cells))) == n_cells


def test_the_largest_instances_of_the_bracket_have_seeds_and_limits_of_their_own(
    base: Callable[[str], dict[str, Any]],
) -> None:
    points = grid_points(base("certified_gap"))
    large = {
        (p.cell.data.n, p.cell.seed, p.cell.settings.optimum.max_seconds)  # type: ignore[attr-defined]
        for p in points
        if p.cell.data.n >= 500  # type: ignore[attr-defined]
    }
    assert large == {(500, s, 60.0) for s in range(3)} | {(1000, s, 150.0) for s in range(2)}
