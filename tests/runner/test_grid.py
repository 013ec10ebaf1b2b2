import copy
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from relaxgap.cli.run import compose_plain
from relaxgap.data import DigitsData, FileData, GaussianData, MnistData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.catalogue import EXPERIMENTS
from relaxgap.experiments.parts.settings import (
    NetworkSettings,
    PatternSampling,
    Regularisation,
    SolverSettings,
    TrainingPlan,
)
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.experiments.timing.settings import BenchmarkSettings
from relaxgap.runner.config import SCALES, config_dir, option_names
from relaxgap.runner.grid import cell_key, cells_of
from relaxgap.training import TrainingSpec

SPEC = CellSpec(
    experiment="gap_vs_log_n",
    data=GaussianData(n=4, d=2),
    regularisation=Regularisation(),
    patterns=PatternSampling(),
    solver=SolverSettings(),
    networks=NetworkSettings(),
    training=TrainingPlan("P", {"adam": TrainingSpec("adam")}),
    seed=0,
)


@pytest.fixture(scope="module")
def base() -> Callable[[str], dict[str, Any]]:
    composed: dict[str, dict[str, Any]] = {}

    def compose(experiment: str) -> dict[str, Any]:
        if experiment not in composed:
            composed[experiment] = compose_plain([f"experiment={experiment}"])
        return copy.deepcopy(composed[experiment])

    return compose


def with_overrides(config: dict[str, Any], **settings: Any) -> dict[str, Any]:
    for path, value in settings.items():
        *parents, last = path.split("__")
        node = config
        for parent in parents:
            node = node[parent]
        node[last] = value
    return config


@pytest.mark.parametrize(
    "scale", ["ci", *(pytest.param(scale, marks=pytest.mark.slow) for scale in SCALES[1:])]
)
@pytest.mark.parametrize("experiment", sorted(EXPERIMENTS))
def test_every_shipped_experiment_expands_at_every_scale(
    base: Callable[[str], dict[str, Any]], experiment: str, scale: str
) -> None:
    config = with_overrides(base(experiment), scale=scale)
    seeds = config["grid"]["seed"][scale]
    # one seed in the grid: checking hundreds of cells says nothing more
    config["grid"]["seed"] = seeds[:1]
    cells = cells_of(config)
    assert cells
    assert len({cell.key for cell in cells}) == len({cell.label for cell in cells}) == len(cells)
    assert {cell.spec.experiment for cell in cells} == {experiment}
    assert len(set(seeds)) == len(seeds)


def test_a_larger_scale_contains_the_seeds_of_a_smaller_one(
    base: Callable[[str], dict[str, Any]],
) -> None:
    for experiment in EXPERIMENTS:
        seeds = base(experiment)["grid"]["seed"]
        assert seeds["full"][: len(seeds["default"])] == seeds["default"]
        assert seeds["default"][: len(seeds["ci"])] == seeds["ci"]


def _options() -> Iterator[tuple[str, str]]:
    for folder in sorted(path for path in config_dir().iterdir() if path.is_dir()):
        yield from ((folder.name, option) for option in option_names(folder.name))


@pytest.mark.slow
@pytest.mark.parametrize(("group", "option"), list(_options()))
def test_every_option_of_every_group_composes(group: str, option: str) -> None:
    overrides = [f"{group}={option}"]
    if option == "file":
        overrides += ["data.path=x.csv", "~grid.data"]
    elif (group, option) == ("regularisation", "absolute"):
        overrides += ["data.n=4"]
    config = compose_plain([*overrides, "scale=ci"])
    config["grid"]["seed"] = [0]
    fixed = {override.partition("=")[0] for override in overrides}
    assert cells_of(config, fixed)


def test_a_path_set_by_hand_replaces_its_axis(base: Callable[[str], dict[str, Any]]) -> None:
    config = with_overrides(base("gap_vs_log_n"), data__n=6, seed=3)
    (cell,) = cells_of(config, {"data.n", "seed"})
    assert (cell.spec.data, cell.spec.seed) == (
        dataclasses.replace(cell.spec.data, n=6),  # type: ignore[type-var]
        3,
    )
    assert cell.label == "single cell"


def test_a_setting_by_hand_reaches_every_option_of_an_axis_of_options(
    base: Callable[[str], dict[str, Any]],
) -> None:
    config = with_overrides(base("pattern_preservation"), scale="ci", data__n=8)
    cells = cells_of(config, {"data.n"})
    kinds = {type(cell.spec.data) for cell in cells}
    assert kinds == {GaussianData, DigitsData}
    assert {cell.spec.data.n for cell in cells} == {8}  # type: ignore[attr-defined]


def test_a_setting_by_hand_reaches_the_options_that_have_it(
    base: Callable[[str], dict[str, Any]],
) -> None:
    config = with_overrides(base("pattern_preservation"), scale="ci")
    config["grid"]["training"] = ["protocol_l", "protocol_p"]
    config["training"]["methods"]["adam"]["n_steps"] = 7
    cells = cells_of(config, {"training.methods.adam.n_steps"})
    steps = {cell.spec.training.protocol: cell.spec.training.methods for cell in cells}
    assert steps["P"]["adam"].n_steps == 7
    assert "adam" not in steps["L"]


def test_points_that_coincide_are_one_cell(base: Callable[[str], dict[str, Any]]) -> None:
    config = with_overrides(base("gap_vs_log_n"), grid={"seed": [0, 1, 0]})
    assert [cell.label for cell in cells_of(config)] == ["seed=0", "seed=1"]


def test_the_grid_is_the_product_of_its_axes_in_order(
    base: Callable[[str], dict[str, Any]],
) -> None:
    grid = {"data": {"n": [4, 6]}, "seed": {"ci": [0, 1], "default": [0]}}
    config = with_overrides(base("gap_vs_log_n"), scale="ci", grid=grid)
    labels = [cell.label for cell in cells_of(config)]
    assert labels == [f"data.n={n} seed={seed}" for n in (4, 6) for seed in (0, 1)]


def test_an_axis_of_mappings_moves_its_settings_together(
    base: Callable[[str], dict[str, Any]],
) -> None:
    sizes = [
        {"data.n": 4, "data.d": 3, "patterns.n_gates": "5"},
        {"data.n": 6, "data.d": 2, "patterns.n_gates": "9", "benchmark.solvers": ["scs"]},
    ]
    config = with_overrides(base("gap_vs_log_n"), grid={"size": sizes, "seed": [0, 1]})
    config["data"]["aspect_ratio"] = None
    cells = cells_of(config)
    assert [cell.label for cell in cells[1:3]] == [
        "data.n=4 data.d=3 patterns.n_gates=5 seed=1",
        "data.n=6 data.d=2 patterns.n_gates=9 benchmark.solvers=scs seed=0",
    ]
    shapes = [(cell.spec.data.n, cell.spec.patterns.n_gates) for cell in cells[::2]]  # type: ignore[attr-defined]
    assert shapes == [(4, ("5",)), (6, ("9",))]
    assert cells[0].spec.benchmark == BenchmarkSettings()
    assert cells[2].spec.benchmark.solvers == ("scs",)


def test_a_setting_by_hand_wins_over_an_axis_of_mappings(
    base: Callable[[str], dict[str, Any]],
) -> None:
    sizes = [{"data.n": n, "patterns.n_gates": "5"} for n in (4, 6)]
    config = with_overrides(base("gap_vs_log_n"), grid={"size": sizes}, data__n=8)
    (cell,) = cells_of(config, {"data.n"})
    assert cell.spec.data.n == 8  # type: ignore[attr-defined]
    assert cell.label == "patterns.n_gates=5"


def test_a_scale_without_values_is_refused(base: Callable[[str], dict[str, Any]]) -> None:
    config = with_overrides(base("gap_vs_log_n"), scale="full", grid={"seed": {"ci": [0]}})
    with pytest.raises(ConfigurationError, match=r"grid\.seed at scale full, got only ci"):
        cells_of(config)


def _changes() -> Iterator[CellSpec]:
    yield dataclasses.replace(SPEC, experiment="gap_vs_width")
    yield dataclasses.replace(SPEC, seed=1)
    yield dataclasses.replace(SPEC, data_seed=0)
    yield dataclasses.replace(SPEC, data=DigitsData())
    yield dataclasses.replace(SPEC, data=MnistData())
    yield dataclasses.replace(SPEC, data=MnistData(folder="elsewhere"))
    for part, changes in {
        "data": {
            "n": 5,
            "d": 3,
            "labels": "signs",
            "noise": 0.2,
            "teacher_width": 6,
            "normalize_rows": True,
        },
        "regularisation": {"beta_fraction": 0.2, "program": "gated"},
        "patterns": {"n_gates": ("n",), "limit": 10},
        "solver": {"name": "scs", "rtol": 1e-5},
        "networks": {"width": ("n",), "n_starts": 1},
        "benchmark": {
            "solvers": ("scs",),
            "tolerances": (1e-3,),
            "repeats": 1,
            "time_limit_seconds": 1.0,
            "memory_limit_gigabytes": 1.0,
            "largest_conic": 1,
            "scnn_python": "python",
            "threads": 2,
        },
        "optimum": {"rtol": 1e-2, "max_seconds": 1.0},
    }.items():
        for name, value in changes.items():  # type: ignore[attr-defined]
            changed = dataclasses.replace(getattr(SPEC, part), **{name: value})
            yield dataclasses.replace(SPEC, **{part: changed})
    yield dataclasses.replace(SPEC, regularisation=Regularisation(0.1, None))
    yield dataclasses.replace(SPEC, data=GaussianData(n=4, aspect_ratio=2.0))
    adam = SPEC.training.methods["adam"]
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
        plan = TrainingPlan("P", {"adam": dataclasses.replace(adam, **{name: value})})
        yield dataclasses.replace(SPEC, training=plan)
    yield dataclasses.replace(SPEC, training=TrainingPlan("P", {"other": adam}))
    first_layer = dataclasses.replace(adam, train_output=False)
    yield dataclasses.replace(SPEC, training=TrainingPlan("L", {"adam": first_layer}))


def test_the_key_changes_with_every_field() -> None:
    specs = [SPEC, *_changes()]
    assert len({cell_key(spec) for spec in specs}) == len(specs)


def test_the_key_does_not_depend_on_the_order_of_the_methods() -> None:
    gd, adam = TrainingSpec("gd"), TrainingSpec("adam")
    keys = {
        cell_key(dataclasses.replace(SPEC, training=TrainingPlan("P", methods)))
        for methods in ({"gd": gd, "adam": adam}, {"adam": adam, "gd": gd})
    }
    assert len(keys) == 1


def test_the_key_changes_with_the_results_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cell_key(SPEC)
    experiment = EXPERIMENTS["gap_vs_log_n"]
    bumped = dataclasses.replace(experiment, results_version=experiment.results_version + 1)
    monkeypatch.setitem(EXPERIMENTS, "gap_vs_log_n", bumped)  # type: ignore[arg-type]
    assert cell_key(SPEC) != before


def test_the_key_changes_with_the_content_of_a_data_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    spec = dataclasses.replace(SPEC, data=FileData(str(path)))
    keys = [cell_key(spec)]
    for text in ("a,y\n1,2\n", "a,y\n1,3\n"):
        path.write_text(text)
        keys.append(cell_key(spec))
    assert len(set(keys)) == 3


def test_the_key_changes_with_the_images_in_the_folder(tmp_path: Path) -> None:
    spec = dataclasses.replace(SPEC, data=MnistData(folder=str(tmp_path)))
    keys = [cell_key(spec)]
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"):
        for content in (b"one", b"other"):
            (tmp_path / name).write_bytes(content)
            keys.append(cell_key(spec))
    assert len(set(keys)) == 5


@pytest.mark.slow
def test_the_key_is_the_same_in_another_process() -> None:
    code = (
        "from relaxgap.cli.run import compose_plain; from relaxgap.runner.grid import cells_of; "
        "import json; print(json.dumps([c.key for c in cells_of(compose_plain(['scale=ci']))]))"
    )
    keys = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env={"PYTHONHASHSEED": seed, "PATH": ""},
            ).stdout
        )
        for seed in ("1", "2")
    ]
    here = [cell.key for cell in cells_of(compose_plain(["scale=ci"]))]
    assert keys == [here, here]
