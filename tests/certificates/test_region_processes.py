import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from instances import random_program

from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation, RegionProcesses, Units
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.numerics.workers import WorkerProcess, Workers
from relaxgap.problems import relu_program


@contextmanager
def relaxation(n_processes: int, silence_seconds: float = 60.0) -> Iterator[LiftedRelaxation]:
    program = random_program(relu_program, 9, 4, seed=0, fraction=0.03)
    units = Units.of(program.data, program.beta)
    assert units is not None
    source = Workers(n_processes, partial(WorkerProcess, silence_seconds))
    with RegionProcesses(source) as processes:
        yield LiftedRelaxation(program.data, units, processes)


def unharmed(relaxed: LiftedRelaxation) -> None:
    pass


def pid(relaxed: LiftedRelaxation) -> int:
    worker = relaxed.processes.workers[0]
    assert isinstance(worker, WorkerProcess)
    return worker.pid


def killed(relaxed: LiftedRelaxation) -> None:
    os.kill(pid(relaxed), signal.SIGKILL)


def frozen(relaxed: LiftedRelaxation) -> None:
    os.kill(pid(relaxed), signal.SIGSTOP)


def prices(
    relaxed: LiftedRelaxation, harm: Callable[[LiftedRelaxation], None] = unharmed
) -> list[float]:
    """Take steps, with a split after every bound but the last, and harm a process on the way."""
    found = []
    for turn in range(5):
        relaxed.advance(15)
        if turn == 2:
            harm(relaxed)
        relaxed.advance(15)
        found.append(relaxed.price_bound()[1])
        if turn < 4:
            assert relaxed.split()
    return found


@pytest.mark.parametrize("n_processes", [2, 3, 64])
def test_the_numbers_do_not_depend_on_the_processes(n_processes: int) -> None:
    with relaxation(1) as alone, relaxation(n_processes) as shared:
        assert prices(alone) == prices(shared)
        np.testing.assert_array_equal(alone.residual, shared.residual)
        assert alone.value == shared.value
        np.testing.assert_array_equal(alone.directions(), shared.directions())
        assert len(shared.processes.workers) == min(n_processes, len(shared.regions)) - 1
        assert shared.processes.n_lost == 0


@pytest.mark.parametrize(("harm", "silence_seconds"), [(killed, 60.0), (frozen, 1.5)])
@pytest.mark.parametrize("n_processes", [2, 3])
def test_regions_of_a_lost_process_go_on_and_every_price_is_proven(
    n_processes: int, harm: Callable[[LiftedRelaxation], None], silence_seconds: float
) -> None:
    with relaxation(1) as alone, relaxation(n_processes, silence_seconds) as shared:
        expected, found = prices(alone), prices(shared, harm)
        assert found[:2] == expected[:2]
        assert shared.processes.n_lost >= 1
        assert len(shared.processes.workers) == n_processes - 1 - shared.processes.n_lost
        # a price over all neurons is at least that of any of them, here of random ones
        nu, price = shared.price_bound()
        directions = np.random.default_rng(0).standard_normal((1000, shared.data.d))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        attained = np.abs(np.maximum(directions @ shared.data.X.T, 0.0) @ nu).max()
        assert attained <= price


def test_a_frozen_process_does_not_hold_up_the_end() -> None:
    with relaxation(2) as shared:
        shared.advance(1)
        frozen(shared)
        with in_force(Deadline.after(0.1)), pytest.raises(OutOfTimeError):
            shared.advance(1)


def test_no_process_outlives_the_block() -> None:
    with relaxation(2) as shared:
        shared.advance(1)
        worker = pid(shared)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
