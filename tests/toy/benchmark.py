"""What running costs besides the cells: the toy experiment on grids of cells that take no time.

    python tests/toy/benchmark.py            # 1000 cells to run, 10,000 that are done
    python tests/toy/benchmark.py 20 50

Each command is a process of its own, as a terminal starts it; a figure is part of a run.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from relaxgap.experiments import registry  # noqa: E402
from relaxgap.runner.compose import composition  # noqa: E402
from relaxgap.runner.config import register_schemas  # noqa: E402
from relaxgap.runner.execute import missing_cells  # noqa: E402
from relaxgap.runner.grid import GridPoint, grid_points  # noqa: E402
from relaxgap.runner.schema import plain  # noqa: E402
from relaxgap.runner.store import CellStore  # noqa: E402
from toy.registered import CONF, STATEMENTS, command, register  # noqa: E402

MAIN = (
    STATEMENTS
    + """
from relaxgap.cli.main import main
main()
"""
)


def config(n_cells: int) -> dict[str, Any]:
    """Return the composed config of a grid."""
    register_schemas(registry.EXPERIMENTS.values())
    composed = composition(["experiment=pattern_count"], folder=CONF).config
    return composed | {"grid": {"data": {"n": [4]}, "seed": f"0..{n_cells - 1}"}}


def finish(points: list[GridPoint], store: CellStore) -> None:
    """Store every cell as if it had run, with the rows of the first."""
    rows = [plain(record) for record in points[0].experiment.run(points[0].cell)]
    seconds = {"wall_seconds": 0.1, "cpu_seconds": 0.1}
    store.folder.mkdir(parents=True)
    for point in points:
        content = {"key": point.key, "cell": plain(point.cell), "rows": rows, **seconds}
        store.path(point.key).write_text(json.dumps(content))


def run(folder: Path, n_cells: int, *more: str) -> None:
    subprocess.run(
        [sys.executable, "-c", MAIN, *command(n_cells), *more],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(n_run: int, n_done: int) -> dict[str, float]:
    """Return seconds by what was done."""
    experiment = register()
    of_done = config(n_done)
    # what is imported at the first expansion is not of the cells
    grid_points(config(1))
    points: list[GridPoint] = []
    with tempfile.TemporaryDirectory() as name:
        new, done = Path(name, "new"), Path(name, "done")
        new.mkdir()
        seconds = {
            "start of a command": timed(lambda: run(new, 1, "--dry-run")),
            f"run of {n_run} cells": timed(lambda: run(new, n_run)),
            f"the same again, all of {n_run} done": timed(lambda: run(new, n_run)),
            f"expansion to {n_done} cells": timed(lambda: points.extend(grid_points(of_done))),
        }
        store = CellStore(done / "results" / experiment.name / "cells", experiment.columns)
        finish(points, store)
        return seconds | {
            f"check of {n_done} done cells": timed(lambda: missing_cells(points, store)),
            f"command that finds {n_done} cells done": timed(
                lambda: run(done, n_done, "--dry-run")
            ),
        }


if __name__ == "__main__":
    for what, seconds in measure(*map(int, sys.argv[1:] or (1000, 10_000))).items():
        sys.stdout.write(f"{seconds:9.3f} s  {what}\n")
