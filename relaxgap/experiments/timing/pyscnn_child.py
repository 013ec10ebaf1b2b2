r"""The timed process of pyscnn, run by the Python of its own environment: ``python FILE FOLDER``.

pyscnn minimises :math:`\tfrac{1}{2n} \|\text{fit} - y\|^2 + \lambda \sum \|w_i\|`, so that
:math:`\lambda = \beta / n` gives our program, as long as it does not scale the columns of ``X``,
which would change the penalty. ``X`` and ``y`` are divided by one number each instead, which its
absolute tolerances and starting values expect (columns of norm about 1). It runs in float64, with
its augmented Lagrangian (AL) on the cone-constrained and its accelerated proximal gradient method
(R-FISTA) on the gated program.

References
----------
Mishkin, Sahiner & Pilanci (2022), arXiv 2202.01331; pyscnn 0.0.10.
"""

import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from relaxgap.experiments.timing.lifetime import end_with
    from relaxgap.experiments.timing.task import ABSENT, Answer, perform, read_task
else:
    # that Python knows the folder of this file, not relaxgap
    from lifetime import end_with
    from task import ABSENT, Answer, perform, read_task

GRADIENT_FRACTION = 0.5
MAX_TOLERANCE = 1e-3
MAX_ITERATIONS = 10**9


def main(folder: Path) -> int:
    """Perform the task of a folder and return the exit status."""
    end_with(os.getppid())
    try:
        from scnn.private.interface import set_device
    except ImportError as error:
        sys.stderr.write(f"pyscnn cannot be imported: {error}\n")
        return ABSENT
    task, problem = read_task(folder)
    if str(problem["loss"]) != "squared":
        sys.stderr.write("pyscnn is run with the squared loss only\n")
        return ABSENT
    set_device("cpu", "float64")
    names = f"pyscnn {version('pyscnn')}, torch {version('torch')}"
    perform(folder, task, names, lambda tolerance: solve(problem, tolerance))
    return 0


def has_cones(problem: "dict[str, np.ndarray]") -> bool:
    """Say which of the two programs that pyscnn knows a problem is."""
    return {"relu": True, "gated": False}[str(problem["family"])]


def units(problem: "dict[str, np.ndarray]", tolerance: float) -> "tuple[float, float]":
    """Return what ``X`` and ``y`` are divided by.

    AL starts from a fixed penalty and stops at absolute violations; a fixed accuracy in larger
    labels is a tighter one, and its error stops falling with its tolerance alone.
    """
    X, y = problem["X"], problem["y"]
    x_unit = float(np.linalg.norm(X)) / X.shape[1] ** 0.5
    y_unit = float(np.linalg.norm(y)) / y.size**0.5
    if has_cones(problem):
        y_unit *= min(tolerance / MAX_TOLERANCE, 1.0) ** 0.5
    return x_unit, y_unit


def penalty(problem: "dict[str, np.ndarray]", x_unit: float, y_unit: float) -> float:
    """Return pyscnn's regularisation strength for our ``beta``."""
    return float(problem["beta"]) / (problem["y"].size * x_unit * y_unit)


def solve(problem: "dict[str, np.ndarray]", tolerance: float) -> Answer:
    """Solve with the tolerance on the squared norm of the subgradient that suits the error."""
    from scnn.metrics import Metrics
    from scnn.models import ConvexGatedReLU, ConvexReLU
    from scnn.private.interface import (
        build_internal_model,
        build_optimizer,
        get_logger,
        process_data,
    )
    from scnn.regularizers import NeuronGL1
    from scnn.solvers import AL, RFISTA

    start = time.perf_counter()
    x_unit, y_unit = units(problem, tolerance)
    strength = penalty(problem, x_unit, y_unit)
    own_tolerance = GRADIENT_FRACTION * tolerance * strength**2
    data, _, _ = process_data(
        problem["X"] / x_unit, problem["y"] / y_unit, None, None, unitize_data=False
    )
    regularizer = NeuronGL1(strength)
    if has_cones(problem):
        model = ConvexReLU(problem["gates"].T)
        limits = {"max_primal_iters": MAX_ITERATIONS, "max_dual_iters": MAX_ITERATIONS}
        method = AL(model, tol=own_tolerance, constraint_tol=own_tolerance, **limits)
    else:
        model = ConvexGatedReLU(problem["gates"].T)
        method = RFISTA(model, max_iters=MAX_ITERATIONS, tol=own_tolerance)
    inner = build_internal_model(model, regularizer, data[0])
    run = build_optimizer(method, regularizer, Metrics())
    log = get_logger("scnn")
    built = time.perf_counter()
    status, inner, _ = run(log, inner, lambda start: start, data, data, ([], [], []))
    n_iterations = status.get("iterations", status.get("total_inner_iterations", 0))
    weights = np.asarray(inner.weights) * (y_unit / x_unit)
    blocks = np.zeros((2 if has_cones(problem) else 1, *problem["gates"].shape))
    # pyscnn sorts its gates and drops a pattern without active samples
    blocks[:, rows_of(np.asarray(inner.U).T, problem["gates"])] = weights.reshape(
        blocks.shape[0], -1, blocks.shape[2]
    )
    return Answer(blocks, int(n_iterations), built - start)


def rows_of(some: np.ndarray, rows: np.ndarray) -> "list[int]":
    """Return where each of some rows stands among all of them."""
    places = {row.tobytes(): place for place, row in enumerate(np.ascontiguousarray(rows))}
    return [places[row.tobytes()] for row in np.ascontiguousarray(some)]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
