import os
import shutil
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from instances import PROGRAM_TYPES, ProgramType, random_program

from relaxgap.experiments.parts.solver_comparison import feasible_value, relative_error
from relaxgap.experiments.timing import process
from relaxgap.experiments.timing.process import Attempt, RunStatus, attempts_of, run_limited
from relaxgap.experiments.timing.settings import BenchmarkSettings
from relaxgap.problems import Blocks, gated_program, relu_program
from relaxgap.solvers import SemismoothNewton

SETTINGS = BenchmarkSettings(tolerances=(1e-2, 1e-4, 1e-6), repeats=1, time_limit_seconds=20.0)
PROGRAM = random_program(relu_program, 6, 3, seed=0)


def run_script(
    monkeypatch: pytest.MonkeyPatch, folder: Path, body: str, settings: BenchmarkSettings = SETTINGS
) -> list[Attempt]:
    """Run a solver whose process is a script with this ``solve``."""
    script = folder / "child.py"
    text = """
        import os, sys
        from pathlib import Path
        import numpy as np
        from relaxgap.experiments.timing.task import ABSENT, Answer, perform, read_task
        folder = Path(sys.argv[1])
        task, problem = read_task(folder)
        zero = np.zeros((2, *problem["gates"].shape))
        """
    script.write_text(textwrap.dedent(text) + textwrap.dedent(body))
    monkeypatch.setattr(process, "_command", lambda *_: [sys.executable, str(script)])
    monkeypatch.setattr(process, "COUNTED", ())
    return attempts_of(PROGRAM, "scs", settings)


def test_a_process_that_sleeps_is_killed() -> None:
    code, said = run_limited([sys.executable, "-c", "import time; time.sleep(600)"], 0.3, 1)
    assert code is None
    assert said == ""


def test_a_solve_over_the_limit_ends_the_list_and_keeps_what_came_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = """
        def solve(tolerance):
            while tolerance < 1e-3:
                pass
            return Answer(zero, 7)
        perform(folder, task, "endless 1.0", solve)
        """
    limited = replace(SETTINGS, time_limit_seconds=2.0)
    first, second, third = run_script(monkeypatch, tmp_path, body, limited)
    assert (first.status, first.n_iterations, first.version) == ("returned", 7, "endless 1.0")
    assert first.seconds is not None
    assert 0.0 <= first.seconds < 2.0
    assert (second.status, second.message) == ("time_limit", "over 2 s")
    assert second.point is None
    assert third.status is RunStatus.NOT_TRIED


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise MemoryError('no room')", "exit status 1: MemoryError: no room"),
        ("os.abort()", "signal SIGABRT"),
    ],
)
def test_a_crash_is_a_row_and_no_exception(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, said: str
) -> None:
    attempts = run_script(monkeypatch, tmp_path, body)
    assert [attempt.status for attempt in attempts] == ["failed", "not_tried", "not_tried"]
    assert attempts[0].message.startswith(said)


@pytest.mark.parametrize("point", ["None", "np.nan * zero", "np.full_like(zero, np.inf)"])
def test_a_solver_that_gives_up_or_diverges_fails_at_that_tolerance_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, point: str
) -> None:
    body = f"""
        bad = {point}
        solve = lambda tolerance: Answer(bad if tolerance == 1e-4 else zero, 1)
        perform(folder, task, "sometimes 1.0", solve)
        """
    attempts = run_script(monkeypatch, tmp_path, body)
    assert [attempt.status for attempt in attempts] == ["returned", "failed", "returned"]
    assert feasible_value(PROGRAM, attempts[1]) is None


def test_repeats_take_the_median_and_setup_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = """
        import itertools, time
        ticks = itertools.count()
        time.perf_counter = lambda: float(next(ticks))
        setup = iter([-3.0, -1.0, -2.0])
        solve = lambda tolerance: Answer(zero, 1, setup_seconds=next(setup))
        perform(folder, task, "steady 1.0", solve)
        """
    once = replace(SETTINGS, tolerances=(1e-2,), repeats=3)
    (attempt,) = run_script(monkeypatch, tmp_path, body, once)
    # each solve lasts one tick of the clock
    assert (attempt.n_repeats, attempt.seconds) == (3, 3.0)


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_the_peak_is_that_of_the_solve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = """
        def solve(tolerance):
            np.ones(int(10_000_000 if tolerance == 1e-2 else 100))
            return Answer(zero, 1)
        perform(folder, task, "large, then small 1.0", solve)
        """
    large, small, _ = run_script(monkeypatch, tmp_path, body)
    assert large.peak_megabytes is not None
    assert small.peak_megabytes is not None
    assert 75.0 < large.peak_megabytes < 85.0
    assert small.peak_megabytes < 5.0


@pytest.mark.skipif(sys.platform != "linux", reason="no such limit elsewhere")
def test_the_memory_limit_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = """
        perform(folder, task, "hungry 1.0", lambda tolerance: Answer(np.zeros(10**10), 1))
        """
    first, *_ = run_script(monkeypatch, tmp_path, body)
    assert first.status is RunStatus.FAILED
    assert "MemoryError" in first.message


def test_a_solver_that_is_not_installed_is_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = "sys.stderr.write('no such package'); sys.exit(ABSENT)"
    attempts = run_script(monkeypatch, tmp_path, body)
    assert {(attempt.status, attempt.message) for attempt in attempts} == {
        (RunStatus.ABSENT, "no such package")
    }


def test_pyscnn_without_its_python_is_absent_and_says_how_to_make_it() -> None:
    settings = replace(SETTINGS, scnn_python="no/such/python")
    attempts = attempts_of(PROGRAM, "pyscnn", settings)
    assert {attempt.status for attempt in attempts} == {RunStatus.ABSENT}
    assert "scnn_python=no/such/python" in attempts[0].message
    assert "download.pytorch.org/whl/cpu" in attempts[0].message
    assert "--force" in attempts[0].message


@pytest.mark.parametrize(("kind", "entries"), [(relu_program, 4), (gated_program, 1)])
def test_no_conic_solver_is_started_on_too_large_a_program(kind: ProgramType, entries: int) -> None:
    program = random_program(kind, 6, 3, seed=0, n_gates=5)
    n_entries = entries * 6 * 3 * program.patterns.n_patterns
    settings = replace(SETTINGS, largest_conic=n_entries - 1)
    for solver in ("clarabel", "ecos", "scs"):
        attempts = attempts_of(program, solver, settings)
        assert [attempt.status for attempt in attempts] == ["too_large"] * 3
        assert f"{n_entries:,} matrix entries" in attempts[0].message
    dense = replace(SETTINGS, largest_conic=program.zero().w.size ** 2 - 1)
    attempts = attempts_of(program, "dense_interior_point", dense)
    assert [attempt.status for attempt in attempts] == ["too_large"] * 3


def test_a_violated_cone_counts_as_error() -> None:
    program = random_program(relu_program, 12, 4, seed=1, n_gates=8)
    gated = gated_program(program.data, program.patterns, program.beta)
    free = SemismoothNewton(1e-8).solve(gated).point
    optimum = SemismoothNewton(1e-8).solve(program).certificate
    outside = Blocks.of(free.w[0], np.zeros_like(free.w[0]))
    assert program.max_cone_violation(outside) > 0.01
    assert program.value(outside) < optimum.dual_value
    attempt = Attempt("scs", 1e-6, RunStatus.RETURNED, point=outside)
    error = relative_error(feasible_value(program, attempt), optimum.dual_value)
    assert error is not None
    assert error > 0.01


@pytest.mark.slow
def test_a_solver_reaches_the_errors_it_is_asked_for() -> None:
    # the references of the benchmarks hold the others to the same
    solver = "column_generation"
    program = random_program(gated_program, 10, 4, seed=2, n_gates=12)
    bound = SemismoothNewton(1e-8).solve(program).certificate.dual_value
    for attempt in attempts_of(program, solver, SETTINGS):
        error = relative_error(feasible_value(program, attempt), bound)
        assert error is not None
        assert 0.0 <= error <= attempt.tolerance
        assert attempt.gigaflops is None
        assert attempt.gemm_gflops is not None


@pytest.mark.reference
@pytest.mark.skipif(
    shutil.which(BenchmarkSettings().scnn_python) is None,
    reason=f"no pyscnn at {BenchmarkSettings().scnn_python} under {os.getcwd()}",
)
@pytest.mark.parametrize("kind", PROGRAM_TYPES)
def test_pyscnn_solves_the_same_program(kind: ProgramType) -> None:
    program = random_program(kind, 20, 10, seed=3, n_gates=15)
    settings = replace(SETTINGS, tolerances=(1e-3, 1e-4), time_limit_seconds=60.0)
    bound = SemismoothNewton(1e-8).solve(program).certificate.dual_value
    for attempt in attempts_of(program, "pyscnn", settings):
        error = relative_error(feasible_value(program, attempt), bound)
        assert error is not None
        assert -1e-12 <= error <= attempt.tolerance
