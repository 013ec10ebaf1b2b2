"""Ask SCIP, in an environment of its own, for the best network of given output signs."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.experiments.timing import process
from relaxgap.experiments.timing.task import ABSENT

INSTALL = (
    "python3 -m venv .venv-scip; .venv-scip/bin/pip install pyscipopt numpy; then run again with "
    "--force"
)
PATIENCE = 20.0
"""Wall seconds to wait for a CPU second: the machine may be busy."""


@dataclass(frozen=True, slots=True)
class ScipAnswer:
    """Hold SCIP's own bracket; nothing where it is absent."""

    status: str
    primal_value: float | None
    dual_value: float | None
    cpu_seconds: float | None
    version: str


def solve_with_scip(
    data: Dataset,
    beta: float,
    signs: Float64[np.ndarray, " m"],
    rtol: float,
    cpu_seconds: float,
    python: str,
) -> ScipAnswer:
    """Run SCIP to a relative gap or a time limit.

    Parameters
    ----------
    data, beta
        The problem.
    signs : (m,) float64
        Of the output weights, equal ones side by side.
    rtol : float
        Relative gap.
    cpu_seconds : float
        Limit.
    python : str
        A Python with pyscipopt.
    """
    found = shutil.which(python)
    if found is None:
        return _nothing("absent", f"no Python at benchmark.scip_python={python}: {INSTALL}")
    with tempfile.TemporaryDirectory(prefix="relaxgap-") as name:
        folder = Path(name)
        np.savez(
            folder / "problem.npz",
            X=data.X,
            y=data.y,
            beta=beta,
            signs=signs,
            rtol=rtol,
            cpu_seconds=cpu_seconds,
        )
        command = [found, str(Path(process.__file__).with_name("scip_child.py")), name]
        code, said = process.run_limited(command, PATIENCE * (cpu_seconds + 10.0), threads=1)
        if code != 0:
            return _nothing("absent" if code == ABSENT else "failed", said)
        return ScipAnswer(**json.loads((folder / "answer.json").read_text(encoding="utf-8")))


def _nothing(status: str, said: str) -> ScipAnswer:
    return ScipAnswer(status, None, None, None, said)
