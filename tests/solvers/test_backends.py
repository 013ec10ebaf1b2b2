"""The same tests on every backend present."""

import numpy as np
import pytest
from devices import TORCH_DEVICES
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import (
    PROGRAM_TYPES,
    KnownProgram,
    ProgramType,
    degenerate_program,
    known_programs,
    overlap,
    random_program,
)

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.backend import Backend
from relaxgap.solvers import SemismoothNewton, Solution, Status

RTOL = {"float64": 1e-7, "float32": 1e-3}

OTHERS = [
    ("numpy", "cpu", "float32"),
    *(("torch", device, dtype) for device in TORCH_DEVICES for dtype in RTOL),
]
"""All that is present beside the default, which the tests of known optima run."""
BACKENDS = [("numpy", "cpu", "float64"), *OTHERS]
Settings = tuple[str, str, str]


def solver(chosen: Settings, rtol: float | None = None) -> SemismoothNewton:
    name, device, dtype = chosen
    backend = Backend(name, device, dtype)
    return SemismoothNewton(RTOL[dtype] if rtol is None else rtol, backend=backend)


def arrays_of(solution: Solution) -> list[np.ndarray]:
    point = solution.point
    blocks = point.w
    return [*blocks, solution.certificate.nu]


@pytest.mark.parametrize("known", known_programs(), ids=str)
@pytest.mark.parametrize("chosen", OTHERS, ids="-".join)
def test_the_certified_bracket_holds_the_known_optimum(
    chosen: Settings, known: KnownProgram
) -> None:
    solution = solver(chosen).solve(known.program)
    rounding = 1e-12 * known.optimum
    assert solution.status is Status.SOLVED
    assert solution.certificate.dual_value <= known.optimum + rounding
    assert solution.certificate.primal_value >= known.optimum - rounding


@pytest.mark.parametrize("seed", [0, 5, 6, 19])
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_no_backend_proves_what_another_refutes(kind: ProgramType, seed: int) -> None:
    program = degenerate_program(kind, seed, 4, 2)
    solutions = [solver(chosen).solve(program) for chosen in BACKENDS]
    for found in solutions:
        assert overlap(found.certificate, solutions[0].certificate)
        assert all(type(array) is np.ndarray for array in arrays_of(found))
        assert all(array.dtype == np.float64 for array in arrays_of(found))


@pytest.mark.slow
@settings(max_examples=12)
@given(st.integers(0, 2**30), st.booleans(), st.booleans(), st.floats(-4.0, 0.0))
def test_no_backend_proves_what_another_refutes_on_random_programs(
    seed: int, cones: bool, degenerate: bool, exponent: float
) -> None:
    kind = PROGRAM_TYPES[0] if cones else PROGRAM_TYPES[1]
    program = (
        degenerate_program(kind, seed)
        if degenerate
        else random_program(kind, 2 + seed % 7, 1 + seed % 4, seed, fraction=10.0**exponent)
    )
    first, *others = (solver(chosen).solve(program).certificate for chosen in BACKENDS)
    assert all(overlap(found, first) for found in others)


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
@pytest.mark.parametrize("chosen", BACKENDS, ids="-".join)
def test_newton_stops_where_rounding_hides_the_gradient(
    chosen: Settings, kind: ProgramType
) -> None:
    """In float32 each outer step used to take all its Newton steps once there."""
    program = random_program(kind, 20, 10, seed=3, fraction=0.02, n_gates=30)
    solution = solver(chosen, 1e-6).solve(program)
    assert solution.certificate.relative_gap <= 1e-5
    assert solution.n_iterations <= 80


@pytest.mark.parametrize("kind", PROGRAM_TYPES)
@pytest.mark.parametrize("chosen", BACKENDS, ids="-".join)
def test_sampled_programs_paths_and_warm_starts_are_solved(
    chosen: Settings, kind: ProgramType
) -> None:
    program = random_program(kind, 20, 10, seed=3, n_gates=30, labels="planted")
    cold = solver(chosen).solve(program)
    assert cold.status is Status.SOLVED
    assert solver(chosen).solve(program, cold).n_iterations == 0
    betas = program.beta * np.array([5.0, 1.0, 0.3])
    path = list(solver(chosen).solve_path(program, betas.tolist()))
    assert all(point.status is Status.SOLVED for point in path)
    assert overlap(path[1].certificate, cold.certificate)


@pytest.mark.parametrize(
    ("name", "device", "dtype", "message"),
    [
        ("numpy", "cuda", "float64", "choose the torch backend"),
        ("torch", "tpu", "float64", "device cpu, cuda"),
    ],
)
def test_an_unknown_backend_is_refused(name: str, device: str, dtype: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Backend(name, device, dtype)


@pytest.mark.skipif("cpu" in TORCH_DEVICES, reason="PyTorch is installed")
def test_without_pytorch_its_backend_says_how_to_install_it() -> None:
    with pytest.raises(ConfigurationError, match="pip install 'relaxgap"):
        Backend("torch")


@pytest.mark.skipif(TORCH_DEVICES != ("cpu",), reason="needs PyTorch without CUDA")
def test_a_missing_device_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="try cpu"):
        Backend("torch", "cuda")
