"""What made a summary: config, command, seeds, versions, source, processor, time."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "scipy", "cvxpy", "clarabel", "scikit-learn", "pandas", "matplotlib")


def source_version() -> dict[str, Any]:
    """Return the commit of the checkout and whether it has uncommitted changes."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}
    commit = _git(root, "rev-parse", "HEAD")
    # results are written by the run itself and do not make its source dirty
    changes = _git(root, "status", "--porcelain", "--", ".", ":!results")
    return {"commit": commit, "dirty": None if changes is None else changes != ""}


def manifest(
    config: Mapping[str, Any],
    overrides: Sequence[str],
    cells: Sequence[Mapping[str, Any]],
    n_cells: int,
) -> str:
    """Return the manifest of a summary as JSON, a function of the cells and the machine.

    Parameters
    ----------
    config : mapping
        The resolved config.
    overrides : sequence of str
        The arguments of the command.
    cells : sequence of mapping
        The stored cells the summary was collected from.
    n_cells : int
        Cells in the grid.
    """
    sources = sorted({json.dumps(cell.get("source"), sort_keys=True) for cell in cells})
    seeds = sorted({cell["cell"]["seed"] for cell in cells})
    content = {
        "command": ["relaxgap", "run", *overrides],
        "config": {key: value for key, value in config.items() if key != "runner"},
        "n_jobs": config["runner"]["n_jobs"],
        "seeds": seeds,
        "n_cells": n_cells,
        "n_cells_finished": len(cells),
        "sources": [json.loads(source) for source in sources],
        "versions": library_versions(),
        "cpu": processor(),
        "n_cpus": os.cpu_count(),
        "blas_threads_per_cell": 1,
        "wall_seconds_of_cells": round(sum(cell["wall_seconds"] for cell in cells), 2),
        "cpu_seconds_of_cells": round(sum(cell["cpu_seconds"] for cell in cells), 2),
    }
    return json.dumps(content, indent=2) + "\n"


def library_versions() -> dict[str, str]:
    """Return the versions of what computes."""
    return {
        "relaxgap": version("relaxgap"),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def processor() -> str:
    """Return the processor's name as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
