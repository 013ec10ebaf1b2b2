"""Passes over tall data on a device, checked against one CPU thread and timed next to it."""

import statistics
import time
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.gpu_kernels.kernels import CHUNK, KERNELS, DeviceRows, Kernel
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.numerics.backend import Array, Backend
from relaxgap.numerics.memory import machine_bytes

CPU, MEASURED, ABSENT, TOO_LARGE = "cpu", "measured", "absent", "too_large"
CPU_REPEATS = 1
"""A pass of a thread takes seconds, and its time hardly varies."""


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """Say where to compute and how often.

    Parameters
    ----------
    library, device : str
        Of a `Backend`; the device is said to be absent where there is none.
    dtypes : tuple of str
        Precisions on the device; the CPU computes in float64.
    repeats : int
        Passes of each kind, after one that is not timed; the median counts.
    """

    library: str = "torch"
    device: str = "cuda"
    dtypes: tuple[str, ...] = ("float64", "float32")
    repeats: int = 5

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise ConfigurationError(f"Expected passes.repeats >= 1, got {self.repeats}; raise it.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the experiment can vary."""

    patterns: GateSampling = field(default_factory=GateSampling)
    passes: DeviceSettings = field(default_factory=DeviceSettings)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: one pass somewhere.

    Parameters
    ----------
    device : str
        ``cpu`` for one thread of NumPy, else what was asked for.
    status : str
        ``measured``, ``absent`` or ``too_large`` (for the memory, of the machine or the device).
    seconds : float or None
        Median, with the result brought back; data and bits are on the device already.
    relative_error : float or None
        Euclidean distance to the result of the CPU, relative to it.
    gigaflops : float or None
        Multiplications and additions of the products, in 10^9.
    """

    data: str
    n: int
    d: int
    seed: int
    n_gates: int
    kernel: str
    device: str
    dtype: str
    status: str
    seconds: float | None
    relative_error: float | None
    gigaflops: float | None
    n_repeats: int
    version: str
    message: str


def run(cell: Cell[Settings]) -> list[Record]:
    """Time every pass of one instance on the CPU and on the device."""
    asked, data, rng = cell.settings.passes, cell.load_data(), cell.streams()[1]
    n_gates = size_of(cell.settings.patterns.n_gates[0], data.n, d=data.d)
    places = [(CPU, "float64")] + [(asked.device, dtype) for dtype in asked.dtypes]
    records: list[Record] = []

    def add(kernel: str, device: str, dtype: str, status: str, **more: Any) -> None:
        empty = {"seconds": None, "relative_error": None, "gigaflops": None, "n_repeats": 0}
        texts = {"version": "", "message": ""}
        names = {"data": cell.data.label, "n": data.n, "d": data.d, "seed": cell.seed}
        place = {"kernel": kernel, "device": device, "dtype": dtype, "status": status}
        records.append(Record(**{**names, "n_gates": n_gates, **place, **empty, **texts, **more}))

    if data.n * (8.0 * data.d + n_gates) + CHUNK * 16.0 * n_gates > machine_bytes():
        for device, dtype in places:
            for kernel in KERNELS:
                add(kernel, device, dtype, TOO_LARGE, message="over the memory of the machine")
        return records
    gates = rng.standard_normal((n_gates, data.d))
    arguments = {name: rng.standard_normal((n_gates, data.d)) for name in KERNELS}
    arguments["gradients"] = rng.standard_normal(data.n)
    bits = np.empty((data.n, n_gates), dtype=np.bool_)
    for start in range(0, data.n, CHUNK):
        some = slice(start, start + CHUNK)
        np.greater_equal(data.X[some] @ gates.T, 0.0, out=bits[some])
    results: dict[str, np.ndarray] = {}
    for device, dtype in places:
        try:
            backend = Backend(*_backend(asked, device, dtype))
            arrays = backend.arrays()
            rows = DeviceRows(arrays, arrays.asarray(data.X), arrays.asarray(bits))
        except ConfigurationError as error:
            for kernel in KERNELS:
                add(kernel, device, dtype, ABSENT, message=str(error))
            continue
        except (MemoryError, RuntimeError) as error:
            for kernel in KERNELS:
                add(kernel, device, dtype, TOO_LARGE, message=str(error).splitlines()[0])
            continue
        for kernel, call in KERNELS.items():
            given = arrays.asarray(arguments[kernel])

            repeats = CPU_REPEATS if device == CPU else asked.repeats
            seconds, found = _timed(rows, call, given, repeats, warm=device != CPU)
            exact = results.setdefault(kernel, found)
            operations = 2.0 * data.n * data.d * n_gates * (2.0 if kernel == "product" else 1.0)
            add(
                kernel, device, dtype, MEASURED,
                seconds=seconds,
                relative_error=float(np.linalg.norm(found - exact) / np.linalg.norm(exact)),
                gigaflops=1e-9 * operations,
                n_repeats=repeats,
                version=_version(backend),
            )  # fmt: skip
    return records


def _backend(asked: DeviceSettings, device: str, dtype: str) -> tuple[Any, str, Any]:
    return ("numpy", CPU, dtype) if device == CPU else (asked.library, device, dtype)


def _timed(
    rows: DeviceRows, call: Kernel, given: Array, repeats: int, warm: bool
) -> tuple[float, np.ndarray]:
    """Return the median time of a pass in one thread, and its result."""
    seconds, found = [], np.zeros(0)
    with threadpool_limits(limits=1):
        for done in range(repeats + warm):
            start = time.perf_counter()
            # bringing the result back waits for the device
            found = rows.arrays.to_numpy(call(rows, given))
            if done >= warm:
                seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), found


def _version(backend: Backend) -> str:
    if backend.name == "numpy":
        return f"numpy {np.__version__}"
    torch: Any = import_module("torch")
    return f"torch {torch.__version__}, {torch.cuda.get_device_name()}"
