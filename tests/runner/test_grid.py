import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from composed import compose_plain, with_overrides

from relaxgap.data import DigitsData, FileData, GaussianData, MnistData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.gap_vs_log_n.cell import Settings
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.experiments.timing.settings import BenchmarkSettings
from relaxgap.runner.axes import SCALES, range_of
from relaxgap.runner.config import run_schema
from relaxgap.runner.config_files import config_dir, option_names
from relaxgap.runner.grid import cell_key, grid_points
from relaxgap.training import TrainingSpec

TESTS = Path(__file__).resolve().parents[1]
GAP = EXPERIMENTS["gap_vs_log_n"]
ADAM = TrainingSpec("adam")
CELL = Cell(GaussianData(n=4, d=2), Settings(training=TrainingPlan("P", {"adam": ADAM})))


@pytest.mark.parametrize(
    "scale", ["ci", *(pytest.param(scale, marks=pytest.mark.slow) for scale in SCALES[1:])]
)
@pytest.mark.parametrize("experiment", sorted(EXPERIMENTS))
def test_every_shipped_experiment_expands_at_every_scale(
    base: Callable[[str], dict[str, Any]], experiment: str, scale: str
) -> None:
    config = with_overrides(base(experiment), scale=scale)
    seeds = range_of(config["grid"]["seed"][scale])
    # one seed in the grid: checking hundreds of cells says nothing more
    config["grid"]["seed"] = seeds[:1]
    cells = grid_points(config)
    assert cells
    assert len({cell.key for cell in cells}) == len({cell.label for cell in cells}) == len(cells)
    assert {cell.experiment for cell in cells} == {EXPERIMENTS[experiment]}
    assert len(set(seeds)) == len(seeds)


def test_a_larger_scale_contains_the_seeds_of_a_smaller_one(
    base: Callable[[str], dict[str, Any]],
) -> None:
    for experiment in EXPERIMENTS:
        axis = base(experiment)["grid"]["seed"]
        seeds = {scale: range_of(values) for scale, values in axis.items()}
        assert seeds["full"][: len(seeds["default"])] == seeds["default"]
        assert seeds["default"][: len(seeds["ci"])] == seeds["ci"]


def _options() -> Iterator[tuple[str, str]]:
    groups = {path.name for path in config_dir().iterdir() if path.is_dir()}
    # that each experiment expands is tested at every scale
    for group in sorted(groups - {"experiment"}):
        yield from ((group, option) for option in option_names(group))


WITH_GROUP = {
    "benchmark": "solver_benchmark",
    "optimum": "certified_gap",
    "training": "descent_path",
}


@pytest.mark.slow
@pytest.mark.parametrize(("group", "option"), list(_options()))
def test_every_option_of_every_group_composes(group: str, option: str) -> None:
    overrides, experiment = [f"{group}={option}"], WITH_GROUP.get(group, "gap_vs_log_n")
    if option == "file":
        overrides += ["data.path=x.csv", "~grid.data"]
    elif (group, option) == ("regularisation", "absolute"):
        overrides += ["data.n=4"]
    config = compose_plain([*overrides, "scale=ci"], experiment)
    config["grid"]["seed"] = [0]
    fixed = {override.partition("=")[0] for override in overrides}
    assert grid_points(config, fixed)


def test_a_path_set_by_hand_replaces_its_axis(base: Callable[[str], dict[str, Any]]) -> None:
    config = with_overrides(base("gap_vs_log_n"), data__n=6, seed=3)
    (cell,) = grid_points(config, {"data.n", "seed"})
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
    assert cells[0].cell.settings.benchmark == BenchmarkSettings()
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


@pytest.mark.parametrize(
    ("experiment", "scale", "n_cells"),
    [
        ("certified_gap", "default", 136),
        ("solver_benchmark", "default", 14),
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
    assert large == {(500, s, 90.0) for s in range(3)} | {(1000, s, 240.0) for s in range(2)}


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


def _changes() -> Iterator[Cell[Settings]]:
    yield dataclasses.replace(CELL, seed=1)
    yield dataclasses.replace(CELL, data_seed=0)
    yield dataclasses.replace(CELL, data=DigitsData())
    yield dataclasses.replace(CELL, data=MnistData())
    yield dataclasses.replace(CELL, data=MnistData(folder="elsewhere"))
    yield dataclasses.replace(CELL, data=GaussianData(n=4, aspect_ratio=2.0))
    for name, value in {
        "n": 5,
        "d": 3,
        "labels": "signs",
        "noise": 0.2,
        "teacher_width": 6,
        "normalize_rows": True,
    }.items():
        changed = dataclasses.replace(CELL.data, **{name: value})  # type: ignore[type-var]
        yield dataclasses.replace(CELL, data=changed)
    for part, changes in {
        "regularisation": {"beta_fraction": 0.2, "program": "gated"},
        "patterns": {"n_gates": ("n",), "limit": 10},
        "solver": {"name": "scs", "rtol": 1e-5},
        "networks": {"width": ("n",), "n_starts": 1},
    }.items():
        for name, value in changes.items():  # type: ignore[attr-defined]
            changed = dataclasses.replace(getattr(CELL.settings, part), **{name: value})
            yield with_settings(**{part: changed})
    yield with_settings(regularisation=ProgramRegularisation(0.1, None))
    for name, value in {
        "method": "gd",
        "n_steps": 7,
        "learning_rate": 0.1,
        "schedule": "constant",
        "batch_size": 2,
        "init_scale": 2.0,
        "stop_loss_fraction": 0.5,
        "n_logged": 5,
    }.items():
        method = dataclasses.replace(ADAM, **{name: value})
        yield with_settings(training=TrainingPlan("P", {"adam": method}))
    yield with_settings(training=TrainingPlan("P", {"other": ADAM}))
    first_layer = dataclasses.replace(ADAM, train_output=False)
    yield with_settings(training=TrainingPlan("L", {"adam": first_layer}))


def with_settings(**changes: Any) -> Cell[Settings]:
    return dataclasses.replace(CELL, settings=dataclasses.replace(CELL.settings, **changes))


def test_the_key_changes_with_every_field() -> None:
    cells = [CELL, *_changes()]
    assert len({cell_key(GAP, cell) for cell in cells}) == len(cells)
    assert cell_key(EXPERIMENTS["gap_vs_width"], CELL) != cell_key(GAP, CELL)


def test_a_new_setting_of_one_experiment_leaves_the_keys_of_all_others_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keys(experiment: str) -> list[str]:
        points = grid_points({**compose_plain(["scale=ci"], experiment), "grid": {}})
        return [point.key for point in points]

    before = {name: keys(name) for name in ("descent_path", "subsampled_program")}
    added = dataclasses.make_dataclass(
        "Settings", [("depth", int, 2)], bases=(EXPERIMENTS["descent_path"].settings,), frozen=True
    )
    run_schema.cache_clear()
    monkeypatch.setattr("relaxgap.experiments.descent_path.cell.Settings", added)
    after = {name: keys(name) for name in before}
    run_schema.cache_clear()
    assert after["descent_path"] != before["descent_path"]
    assert after["subsampled_program"] == before["subsampled_program"]


def test_the_key_does_not_depend_on_the_order_of_the_methods() -> None:
    gd, adam = TrainingSpec("gd"), TrainingSpec("adam")
    keys = {
        cell_key(GAP, with_settings(training=TrainingPlan("P", methods)))
        for methods in ({"gd": gd, "adam": adam}, {"adam": adam, "gd": gd})
    }
    assert len(keys) == 1


def test_the_key_changes_with_the_results_version() -> None:
    bumped = dataclasses.replace(GAP, results_version=GAP.results_version + 1)
    assert cell_key(bumped, CELL) != cell_key(GAP, CELL)


def test_the_key_changes_with_the_content_of_a_data_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    cell = dataclasses.replace(CELL, data=FileData(str(path)))
    keys = [cell_key(GAP, cell)]
    for text in ("a,y\n1,2\n", "a,y\n1,3\n"):
        path.write_text(text)
        keys.append(cell_key(GAP, cell))
    assert len(set(keys)) == 3


def test_the_key_changes_with_the_images_in_the_folder(tmp_path: Path) -> None:
    cell = dataclasses.replace(CELL, data=MnistData(folder=str(tmp_path)))
    keys = [cell_key(GAP, cell)]
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        for content in (b"one", b"other"):
            (tmp_path / name).write_bytes(content)
            keys.append(cell_key(GAP, cell))
    assert len(set(keys)) == 5


@pytest.mark.slow
def test_the_key_is_the_same_in_another_process() -> None:
    code = (
        "from composed import compose_plain; "
        "from relaxgap.runner.grid import grid_points; "
        "import json; print(json.dumps([c.key for c in grid_points(compose_plain(['scale=ci']))]))"
    )
    # another order of hashes than that of this process
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": str(TESTS)},
    )
    here = [cell.key for cell in grid_points(compose_plain(["scale=ci"]))]
    assert json.loads(done.stdout) == here
