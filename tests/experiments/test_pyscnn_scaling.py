import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from instances import PROGRAM_TYPES, ProgramType, random_point, random_program

from relaxgap.experiments.timing import process


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the script as the Python of pyscnn does: with its own folder on the path."""
    folder = Path(process.__file__).parent
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location("pyscnn_child", folder / "pyscnn_child.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delitem(sys.modules, "task")
    return module


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-6])
def test_its_objective_is_ours_in_other_units(
    child: ModuleType, kind: ProgramType, tolerance: float
) -> None:
    program = random_program(kind, 7, 3, seed=0)
    problem = {
        "X": program.data.X,
        "y": program.data.y,
        "beta": np.float64(program.beta),
        "family": program.family.name,
    }
    x_unit, y_unit = child.units(problem, tolerance)
    strength = child.penalty(problem, x_unit, y_unit)
    point = random_point(program, np.random.default_rng(1))
    scaled = point.w * (x_unit / y_unit)
    fit = program.fit(point) / y_unit
    residual = program.data.y / y_unit - fit
    n = program.data.n
    theirs = residual @ residual / (2 * n) + strength * np.linalg.norm(scaled, axis=2).sum()
    ours = program.value(point)
    np.testing.assert_allclose(n * y_unit**2 * theirs, ours, rtol=1e-12)


def test_gates_are_found_again_in_any_order(child: ModuleType) -> None:
    rows = np.random.default_rng(0).standard_normal((5, 3))
    assert child.rows_of(rows[[3, 0, 4]], rows) == [3, 0, 4]
