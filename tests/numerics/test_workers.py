import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from children import HANG_SECONDS

from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.numerics.workers import WorkerLostError, WorkerProcess

OWNER = """
import signal
from relaxgap.numerics.workers import WorkerProcess
worker = WorkerProcess()
worker.ask(len)
assert worker.answer() == 0
print(worker.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    started = WorkerProcess()
    yield started
    started.end()


def ask(worker: WorkerProcess, work: Callable[..., object]) -> object:
    worker.ask(work)
    return worker.answer()


def test_a_worker_keeps_what_it_is_given(worker: WorkerProcess) -> None:
    large = np.arange(500_000.0)
    assert ask(worker, partial(_keep, large)) is None
    np.testing.assert_array_equal(ask(worker, _kept), large)


def test_a_worker_that_is_killed_is_lost(worker: WorkerProcess) -> None:
    assert ask(worker, len) == 0
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerLostError):
        ask(worker, len)


def test_a_worker_whose_work_fails_is_lost(worker: WorkerProcess) -> None:
    with pytest.raises(WorkerLostError):
        ask(worker, dict.popitem)


def test_a_frozen_worker_is_lost_whether_it_is_spoken_to_or_heard() -> None:
    for message in (len, partial(_keep, np.zeros(5_000_000))):
        worker = WorkerProcess(silence_seconds=1.5)
        try:
            assert ask(worker, len) == 0
            os.kill(worker.pid, signal.SIGSTOP)
            with pytest.raises(WorkerLostError, match="silent"):
                ask(worker, message)
        finally:
            worker.end()


def test_waiting_for_a_frozen_worker_ends_at_the_deadline(worker: WorkerProcess) -> None:
    assert ask(worker, len) == 0
    os.kill(worker.pid, signal.SIGSTOP)
    with in_force(Deadline(0.0)), pytest.raises(OutOfTimeError):
        ask(worker, len)


def test_a_process_that_cannot_be_started_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(WorkerLostError, match="not started"):
        WorkerProcess()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel has to say when it has ended")
@pytest.mark.parametrize("number", [signal.SIGCONT, signal.SIGSTOP])
def test_a_worker_ends_when_its_owner_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    with owner.stdout as said:
        pid = int(said.readline())
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, number)
        owner.kill()
        owner.wait()
        # readable once the process has ended
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        assert poll.poll(HANG_SECONDS * 1000), "the worker is still there"
    finally:
        os.close(descriptor)


def _keep(what: object, kept: dict[int, object]) -> None:
    kept[0] = what


def _kept(kept: dict[int, object]) -> object:
    return kept[0]
