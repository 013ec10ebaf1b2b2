r"""The process of SCIP, run by the Python of its own environment: ``python FILE FOLDER``.

Training as a mixed-integer program: neurons of given output signs, whose weights carry the output
weight, so that the objective is convex once the activations are known,

.. math:: \min \tfrac12 |\sum_j s_j a_j - y|^2 + \beta \sum_j t_j, \quad |u_j| \le t_j, \quad
          0 \le a_{ij} - x_i u_j \le M_i (1 - z_{ij}), \quad 0 \le a_{ij} \le M_i z_{ij} ,

with binary z and :math:`M_i = |x_i| v / \beta`, v the value of zero weights, which bounds every
neuron that pays. The neurons of one sign are ordered by their size.

References
----------
SCIP 10 through pyscipopt: a spatial branch and bound, single-threaded here.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from relaxgap.experiments.timing.lifetime import end_with
    from relaxgap.experiments.timing.task import ABSENT
else:
    # that Python knows the folder of this file, not relaxgap
    from lifetime import end_with
    from task import ABSENT

CPU_CLOCK = 1
"""SCIP's name for CPU time."""


def main(folder: Path) -> int:
    """Solve the problem of a folder and write what came of it."""
    end_with(os.getppid())
    try:
        pyscipopt = importlib.import_module("pyscipopt")
    except ImportError as error:
        sys.stderr.write(f"pyscipopt cannot be imported: {error}\n")
        return ABSENT
    with np.load(folder / "problem.npz") as problem:
        model = model_of(pyscipopt, **dict(problem))
    began = time.process_time()
    model.optimize()
    seconds = time.process_time() - began
    answer = {
        "status": str(model.getStatus()),
        "primal_value": float(model.getPrimalbound()),
        "dual_value": float(model.getDualbound()),
        "cpu_seconds": seconds,
        "version": f"SCIP {model.version()}, pyscipopt {pyscipopt.__version__}",
    }
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    return 0


def model_of(
    pyscipopt: Any,
    X: np.ndarray,
    y: np.ndarray,
    beta: np.ndarray,
    signs: np.ndarray,
    rtol: np.ndarray,
    cpu_seconds: np.ndarray,
) -> Any:
    """Return the mixed-integer program of neurons with these output signs."""
    total = pyscipopt.quicksum
    model = pyscipopt.Model()
    model.hideOutput()
    model.setParam("timing/clocktype", CPU_CLOCK)
    model.setParam("limits/time", float(cpu_seconds))
    model.setParam("limits/gap", float(rtol))
    (n, d), beta_value = X.shape, float(beta)
    most = 0.5 * float(y @ y) / beta_value
    heights = np.linalg.norm(X, axis=1) * most
    neurons = range(signs.size)
    u = [[model.addVar(lb=-most, ub=most) for _ in range(d)] for _ in neurons]
    t = [model.addVar(lb=0.0, ub=most) for _ in neurons]
    a = [[model.addVar(lb=0.0, ub=float(height)) for height in heights] for _ in neurons]
    z = [[model.addVar(vtype="B") for _ in range(n)] for _ in neurons]
    for j in neurons:
        model.addCons(total(weight * weight for weight in u[j]) <= t[j] * t[j])
        if j and signs[j] == signs[j - 1]:
            model.addCons(t[j] <= t[j - 1])
        for i in range(n):
            height = total(float(x) * weight for x, weight in zip(X[i], u[j], strict=True))
            model.addCons(a[j][i] >= height)
            model.addCons(a[j][i] <= height + float(heights[i]) * (1.0 - z[j][i]))
            model.addCons(a[j][i] <= float(heights[i]) * z[j][i])
    residuals = [total(float(signs[j]) * a[j][i] for j in neurons) - float(y[i]) for i in range(n)]
    fit = model.addVar(lb=0.0)
    model.addCons(total(0.5 * residual * residual for residual in residuals) <= fit)
    model.setObjective(fit + beta_value * total(t), "minimize")
    return model


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
