"""Run a solver in a process of its own and collect what it reached, however it ended."""

import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from relaxgap.experiments.timing import task as timed
from relaxgap.experiments.timing.settings import CONIC_SOLVERS, DENSE, PEERS, BenchmarkSettings
from relaxgap.problems import Blocks, Program
from relaxgap.solvers.registry import DEFAULT

STARTING_SECONDS = 300.0
"""Imports, data and the machine's speed: allowed besides the solves, never timed."""
COUNTED = (DEFAULT,)
MAX_COUNTED_SECONDS = 100.0
INSTALL = {
    "pyscnn": "python3 -m venv .venv-pyscnn; .venv-pyscnn/bin/pip install torch torchvision "
    "--index-url https://download.pytorch.org/whl/cpu; .venv-pyscnn/bin/pip install "
    "pyscnn==0.0.10; then run again with --force",
    "cronos": "python3 -m venv .venv-cronos; .venv-cronos/bin/pip install jax; git clone "
    "https://github.com/pilancilab/CRONOS .cronos; then run again with --force",
}
CHILDREN = {"pyscnn": "pyscnn_child.py", "cronos": "cronos_child.py"}


class RunStatus(StrEnum):
    """How the solve of one tolerance ended; whether it reached the tolerance is measured."""

    RETURNED = "returned"
    FAILED = "failed"
    TIME_LIMIT = "time_limit"
    NOT_TRIED = "not_tried"
    TOO_LARGE = "too_large"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """Hold what one solver gave for one tolerance.

    Parameters
    ----------
    tolerance : float
        Relative error asked for.
    point : Blocks or None
        The solver's own point, not made feasible; none unless it returned one.
    seconds : float or None
        Median over ``n_repeats`` solves.
    peak_megabytes : float or None
        Peak of the process during the solves over its memory at rest, program loaded.
    gemm_gflops : float or None
        Speed of a matrix product in the same process just before.
    gigaflops : float or None
        Operations of the dense kernels of one solve.
    """

    solver: str
    tolerance: float
    status: RunStatus
    message: str = ""
    version: str = ""
    point: Blocks | None = None
    seconds: float | None = None
    n_repeats: int = 0
    n_iterations: int | None = None
    peak_megabytes: float | None = None
    gemm_gflops: float | None = None
    gigaflops: float | None = None


def attempts_of(program: Program, solver: str, settings: BenchmarkSettings) -> list[Attempt]:
    """Run one solver on a program, tolerance after tolerance, and never raise for its failure."""
    n_entries = dense_entries(program) if solver == DENSE else conic_entries(program)
    if solver in (*CONIC_SOLVERS, DENSE) and n_entries > settings.largest_conic:
        message = f"{n_entries:,} matrix entries, over benchmark.largest_conic"
        return _all(solver, settings, RunStatus.TOO_LARGE, message)
    command = _command(solver, settings)
    if command is None:
        name, python = _python_of(solver, settings)
        message = f"no Python at benchmark.{name}={python}: {INSTALL[solver]}"
        return _all(solver, settings, RunStatus.ABSENT, message)
    attempts = _run(command, program, solver, settings, count_flops=False)
    counted = [k for k, attempt in enumerate(attempts) if _is_short(attempt)]
    if solver in COUNTED and counted:
        # one more solve, to the tightest tolerance
        last = counted[-1]
        alone = replace(settings, tolerances=(settings.tolerances[last],))
        (count,) = _run(command, program, solver, alone, count_flops=True)
        attempts[last] = replace(attempts[last], gigaflops=count.gigaflops)
    return attempts


def _is_short(attempt: Attempt) -> bool:
    """Say whether a solve may be done again to count its operations."""
    return attempt.seconds is not None and attempt.seconds < MAX_COUNTED_SECONDS


def conic_entries(program: Program) -> int:
    """Return the entries of the constraint matrix that a generic conic solver is given."""
    blocks = len(program.family.signs) ** 2
    return blocks * program.data.n * program.data.d * program.patterns.n_patterns


def dense_entries(program: Program) -> int:
    """Return the entries of the quadratic objective of the dense interior point method."""
    return int(math.prod(program.shape)) ** 2


def _command(solver: str, settings: BenchmarkSettings) -> list[str] | None:
    if solver not in PEERS:
        return [sys.executable, "-m", "relaxgap.experiments.timing.child"]
    python = shutil.which(_python_of(solver, settings)[1])
    return [python, str(Path(__file__).with_name(CHILDREN[solver]))] if python else None


def _python_of(solver: str, settings: BenchmarkSettings) -> tuple[str, str]:
    """Return the name and the value of the setting that says which Python runs a peer."""
    pythons = {
        "pyscnn": ("scnn_python", settings.scnn_python),
        "cronos": ("cronos_python", settings.cronos_python),
    }
    return pythons[solver]


def _run(
    command: list[str],
    program: Program,
    solver: str,
    settings: BenchmarkSettings,
    count_flops: bool,
) -> list[Attempt]:
    task = timed.Task(
        solver=solver,
        tolerances=settings.tolerances,
        repeats=1 if count_flops else settings.repeats,
        time_limit_seconds=settings.time_limit_seconds,
        memory_limit_bytes=int(settings.memory_limit_gigabytes * 1e9),
        count_flops=count_flops,
        source=settings.cronos_source if solver == "cronos" else "",
    )
    problem = {
        "X": program.data.X,
        "y": program.data.y,
        "packed": program.patterns.packed,
        "gates": program.patterns.gates,
        "beta": program.beta,
        "family": program.family.name,
        "loss": program.loss.name,
    }
    with tempfile.TemporaryDirectory(prefix="relaxgap-") as name:
        folder = Path(name)
        timed.write_task(folder, task, problem)
        solves = len(task.tolerances) * task.repeats
        patience = STARTING_SECONDS + solves * task.time_limit_seconds
        code, said = run_limited([*command, name], patience, settings.threads)
        results = [_result(folder, number) for number in range(len(task.tolerances))]
    ending, message = _ending(code, said, task)
    attempts = []
    for tolerance, result in zip(task.tolerances, results, strict=True):
        if result is None:
            attempts.append(Attempt(solver, tolerance, ending, message))
            if ending in (RunStatus.TIME_LIMIT, RunStatus.FAILED):
                ending, message = RunStatus.NOT_TRIED, f"after: {message}"
        else:
            attempts.append(_attempt(program, solver, tolerance, result))
    return attempts


def run_limited(command: list[str], patience: float, threads: int) -> tuple[int | None, str]:
    """Run a command and return its exit status, None if it was killed, with its last line.

    Parameters
    ----------
    command : list of str
        Run in a process group of its own, all of which is killed when this function ends.
    patience : float
        Seconds to wait.
    threads : int
        BLAS threads.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        process = subprocess.Popen(
            command,
            env=pinned(threads),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        with killed_in_the_end(process):
            try:
                code = process.wait(patience)
            except subprocess.TimeoutExpired:
                code = None
        errors.seek(0)
        lines = errors.read().strip().splitlines()
    return code, lines[-1].strip() if lines else ""


def pinned(threads: int) -> dict[str, str]:
    """Return the environment of a process with so many BLAS threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads))}


@contextmanager
def killed_in_the_end(process: "subprocess.Popen[Any]") -> Iterator[None]:
    """Leave nothing running behind, also after Ctrl-C."""
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ending(code: int | None, said: str, task: timed.Task) -> tuple[RunStatus, str]:
    """Say what became of the tolerances that have no result."""
    if code is None or code == -signal.SIGALRM:
        return RunStatus.TIME_LIMIT, f"over {task.time_limit_seconds:g} s"
    if code == timed.ABSENT:
        return RunStatus.ABSENT, said
    ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    return RunStatus.FAILED, f"{ended}: {said}" if said else ended


def _result(folder: Path, number: int) -> dict[str, Any] | None:
    path = timed.result_path(folder, number)
    if not path.is_file():
        return None
    with np.load(path) as result:
        return dict(result)


def _attempt(program: Program, solver: str, tolerance: float, result: Mapping[str, Any]) -> Attempt:
    blocks = result["blocks"]
    usable = blocks.ndim == 3 and bool(np.all(np.isfinite(blocks)))
    point = Blocks(blocks) if usable else None
    return Attempt(
        solver=solver,
        tolerance=tolerance,
        status=RunStatus.RETURNED if usable else RunStatus.FAILED,
        message="" if usable else "no finite point",
        version=str(result["version"]),
        point=point,
        seconds=float(result["seconds"]),
        n_repeats=int(result["n_repeats"]),
        n_iterations=int(result["n_iterations"]),
        peak_megabytes=_number(result["peak_megabytes"]),
        gemm_gflops=_number(result["gemm_gflops"]),
        gigaflops=_number(result["flops"] / 1e9),
    )


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _all(
    solver: str, settings: BenchmarkSettings, status: RunStatus, message: str
) -> list[Attempt]:
    return [Attempt(solver, tolerance, status, message) for tolerance in settings.tolerances]
