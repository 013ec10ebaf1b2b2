r"""The timed process of CRONOS, run by the Python of its own environment: ``python FILE FOLDER``.

CRONOS is a splitting method (ADMM) for our cone-constrained program with the squared loss, written
in JAX; its source is not on the package index, and the task names the folder of a checkout. Its
steps are called as they are, in float64; it has no stopping rule, so that here the steps end when
both of its residuals, relative to the lengths of what they compare, are a part of the accuracy.
``X`` and ``y`` are divided by one number each, so that its penalty parameter means the same for
every data set.

References
----------
Feng, Frangella & Pilanci (2024), CRONOS, arXiv 2411.01088.
"""

import importlib
import os
import sys
import types
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from relaxgap.experiments.timing.lifetime import end_with
    from relaxgap.experiments.timing.task import ABSENT, Answer, perform, read_task
else:
    # that Python knows the folder of this file, not relaxgap
    from lifetime import end_with
    from task import ABSENT, Answer, perform, read_task

RHO, RANK, PCG_STEPS = 1.0, 20, 40
"""Its penalty parameter, the best of 0.01, 0.1, 1 and 10 on a table of 1,000 rows, and two numbers
near those of its authors' scripts."""
RESIDUAL_FRACTION = 1.0
STEPS_BETWEEN_CHECKS = 10
MAX_STEPS = 10**9


def main(folder: Path) -> int:
    """Perform the task of a folder and return the exit status."""
    end_with(os.getppid())
    task, problem = read_task(folder)
    try:
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        parts = _parts_of(Path(task.source))
    except ImportError as error:
        sys.stderr.write(f"CRONOS cannot be imported: {error}\n")
        return ABSENT
    if str(problem["family"]) != "relu" or str(problem["loss"]) != "squared":
        sys.stderr.write("CRONOS solves the program with cones and the squared loss only\n")
        return ABSENT
    names = f"CRONOS, jax {version('jax')}"
    # JAX compiles what it meets first, which is no part of a solve
    solve(problem, 1.0, parts, max_steps=1)
    perform(folder, task, names, lambda tolerance: solve(problem, tolerance, parts))
    return 0


def _parts_of(source: Path) -> dict[str, Any]:
    """Import what a solve needs of a checkout, without its loaders of data sets and images."""
    if not source.is_dir():
        raise ImportError(f"no folder {source}")
    sys.path.insert(0, str(source))
    for package in ("utils", "models", "optimizers"):
        stub = types.ModuleType(package)
        stub.__path__ = [str(source / package)]
        sys.modules[package] = stub
    for module in ("linops_utils", "proximal_utils", "metric_utils"):
        found = importlib.import_module(f"utils.{module}")
        for name, value in vars(found).items():
            if callable(value):
                setattr(sys.modules["utils"], name, value)
    cronos = importlib.import_module("optimizers.cronos")
    model = importlib.import_module("models.cvx_relu_mlp")
    return {**vars(cronos), "CVX_ReLU_MLP": model.CVX_ReLU_MLP}


def solve(
    problem: "dict[str, np.ndarray]",
    tolerance: float,
    parts: "dict[str, Any]",
    max_steps: int = MAX_STEPS,
) -> Answer:
    """Take steps until the residuals are small."""
    jnp = importlib.import_module("jax.numpy")
    random = importlib.import_module("jax.random")
    X, y, packed = problem["X"], problem["y"], problem["packed"]
    n, d = X.shape
    bits = np.unpackbits(packed, axis=1, count=n).T.astype(np.float64)
    n_patterns = bits.shape[1]
    x_unit = float(np.linalg.norm(X)) / d**0.5
    y_unit = float(np.linalg.norm(y))
    beta = float(problem["beta"]) / (x_unit * y_unit)
    model = parts["CVX_ReLU_MLP"](
        jnp.asarray(X / x_unit), jnp.asarray(y / y_unit), n_patterns, beta, RHO,
        random.PRNGKey(0), jnp.asarray(bits), jnp.asarray(2.0 * bits - 1.0),
    )  # fmt: skip
    rank = min(RANK, 2 * d * n_patterns)
    U, S, model.seed = parts["rand_nys_appx"](model, rank, "CReLU", model.seed)
    preconditioner = parts["Nys_Precond"](U, S, d, RHO, n_patterns, "CReLU")
    state = parts["init_cronos_state"](d, n, n_patterns)
    done = 0
    while done < max_steps:
        before = state.v
        for _ in range(min(STEPS_BETWEEN_CHECKS, max_steps)):
            accuracy = 1.0 / (1.0 + done) ** 1.2
            state = parts["cronos_step"](
                state, model, preconditioner, beta, 1.0, PCG_STEPS, accuracy
            )
            done += 1
        size = float(jnp.linalg.norm(state.v))
        apart = float(jnp.linalg.norm(state.u - state.v))
        outside = float(jnp.linalg.norm(jnp.minimum(state.Gu, 0.0)))
        inside = float(jnp.linalg.norm(state.Gu))
        moved = float(jnp.linalg.norm(state.v - before)) / STEPS_BETWEEN_CHECKS
        if max(apart, moved) <= RESIDUAL_FRACTION * tolerance * size and (
            outside <= RESIDUAL_FRACTION * tolerance * inside
        ):
            break
    blocks = np.asarray(state.v).transpose(0, 2, 1) * (y_unit / x_unit)
    return Answer(np.ascontiguousarray(blocks), done)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
