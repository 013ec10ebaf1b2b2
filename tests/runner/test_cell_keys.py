import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from composed import compose_plain

from relaxgap.data import DigitsData, FileData, GaussianData, MnistData
from relaxgap.experiments.gap_vs_log_n.cell import Settings
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.cells import cell_key
from relaxgap.runner.config import run_schema
from relaxgap.runner.grid import grid_points
from relaxgap.training import TrainingSpec

TESTS = Path(__file__).resolve().parents[1]
GAP = EXPERIMENTS["gap_vs_log_n"]
ADAM = TrainingSpec("adam")
CELL = Cell(GaussianData(n=4, d=2), Settings(training=TrainingPlan("P", {"adam": ADAM})))


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
