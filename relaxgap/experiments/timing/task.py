"""What a timed process does, whatever its solver: read a task, solve, time, write the points.

It imports the standard library and NumPy only, so that the Python of another environment can.
"""

import json
import os
import resource
import signal
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ABSENT = 3
"""Exit status of a process whose solver is not installed."""
LONG_SECONDS = 5.0
"""A solve that takes longer is not repeated."""
GEMM_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Task:
    """Name a solver and say what to do with the program in ``problem.npz``.

    ``source`` is the folder of a checkout that the solver is run from, if it is.
    """

    solver: str
    tolerances: tuple[float, ...]
    repeats: int
    time_limit_seconds: float
    memory_limit_bytes: int
    count_flops: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Hold the point of one solve.

    Parameters
    ----------
    blocks : (1 or 2, P, d) float64 or None
        ``w``, or ``u`` and ``v``; none if the solver gave up.
    n_iterations : int
        By the solver's own count.
    setup_seconds : float
        Part of the solve that brought the program into the solver's form, not counted.
    flops : float
        Operations of its dense kernels, if they were counted.
    """

    blocks: np.ndarray | None
    n_iterations: int
    setup_seconds: float = 0.0
    flops: float = float("nan")


def write_task(folder: Path, task: Task, problem: Mapping[str, Any]) -> None:
    """Write the two files that a timed process reads."""
    (folder / "task.json").write_text(json.dumps(asdict(task)), encoding="utf-8")
    np.savez(folder / "problem.npz", **problem)


def read_task(folder: Path) -> tuple[Task, dict[str, np.ndarray]]:
    """Read what `write_task` wrote."""
    values = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    with np.load(folder / "problem.npz") as problem:
        return Task(**{**values, "tolerances": tuple(values["tolerances"])}), dict(problem)


def result_path(folder: Path, number: int) -> Path:
    """Return the file of the solve of one tolerance; it appears only when it is whole."""
    return folder / f"result_{number}.npz"


def perform(folder: Path, task: Task, version: str, solve: Callable[[float], Answer]) -> None:
    """Solve to each tolerance in turn, each solve from scratch, timed and limited.

    The alarm ends the process at the time limit, wherever in native code the solver is; results
    written before stay. Only ``solve`` is timed.
    """
    _limit_memory(task.memory_limit_bytes)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    gemm_gflops = float("nan") if task.count_flops else measure_gemm_gflops()
    at_rest = _memory_megabytes("VmRSS")
    for number, tolerance in enumerate(task.tolerances):
        _forget_peak()
        seconds: list[float] = []
        while len(seconds) < task.repeats and (not seconds or seconds[0] < LONG_SECONDS):
            signal.setitimer(signal.ITIMER_REAL, task.time_limit_seconds)
            start = time.perf_counter()
            answer = solve(tolerance)
            elapsed = time.perf_counter() - start
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            seconds.append(elapsed - answer.setup_seconds)
        whole = result_path(folder, number)
        np.savez(
            folder / "part.npz",
            blocks=np.zeros(0) if answer.blocks is None else answer.blocks,
            seconds=statistics.median(seconds),
            n_repeats=len(seconds),
            n_iterations=answer.n_iterations,
            peak_megabytes=_memory_megabytes("VmHWM") - at_rest,
            gemm_gflops=gemm_gflops,
            flops=answer.flops,
            version=version,
        )
        (folder / "part.npz").replace(whole)


def measure_gemm_gflops(repeats: int = 5) -> float:
    """Return the median speed of a product of two 1000 by 1000 float64 matrices."""
    a, b = np.random.default_rng(0).standard_normal((2, GEMM_SIZE, GEMM_SIZE))
    a @ b
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 2e-9 * GEMM_SIZE**3 / statistics.median(seconds)


def _limit_memory(n_bytes: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = n_bytes if hard == resource.RLIM_INFINITY else min(n_bytes, hard)
    # macOS knows the limit and refuses to set it
    with suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _memory_megabytes(field: str) -> float:
    """Read the resident memory (``VmRSS``) or its peak (``VmHWM``), NaN where there is no /proc.

    ``getrusage`` would not do: its peak is inherited from the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith(f"{field}:")]
    return kilobytes[0] * 1024 / 1e6 if kilobytes else float("nan")


def _forget_peak() -> None:
    """Start the peak of the resident memory afresh."""
    try:
        descriptor = os.open("/proc/self/clear_refs", os.O_WRONLY)
    except OSError:
        return
    with os.fdopen(descriptor, "w") as stream:
        stream.write("5")
