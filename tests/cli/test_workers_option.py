import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from children import HANG_SECONDS, Child
from click.testing import Result

import relaxgap
from relaxgap.analysis.certified_network import NetworkReport
from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation

Invoke = Callable[..., Result]
Problem = tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]
AT_WORK = """
import os, signal
from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation
def held(relaxation):
    with open("pid.part", "w") as file:
        file.write(str(relaxation.processes.workers[0].pid))
    os.rename("pid.part", "pid")
    signal.pause()
LiftedRelaxation.price_bound = held
"""
LOST = "A worker process was killed, frozen or not started; the work went on in the others."


@pytest.fixture
def problem() -> Problem:
    rng = np.random.default_rng(0)
    network = rng.standard_normal((5, 2)), rng.standard_normal(5)
    return network, rng.standard_normal((6, 2)), rng.standard_normal(6)


@pytest.fixture
def net(tmp_path: Path) -> str:
    rng = np.random.default_rng(1)
    hidden, output = rng.standard_normal((5, 2)), rng.standard_normal(5)
    np.savez(tmp_path / "net.npz", hidden=hidden, output=output)
    return str(tmp_path / "net.npz")


@contextmanager
def end_of(pid: int) -> Iterator[None]:
    """Wait for the end of a process that is no child of this one."""
    descriptor = os.pidfd_open(pid)
    try:
        yield
        # readable once it has ended
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        assert poll.poll(HANG_SECONDS * 1000), "the worker is still there"
    finally:
        os.close(descriptor)


def certified(problem: Problem, workers: int) -> NetworkReport:
    report = relaxgap.certify(
        *problem, beta=0.1, certificate="branch_and_bound", rtol=1e-3, workers=workers
    )
    assert isinstance(report, NetworkReport)
    return report


def test_workers_prove_a_bracket_of_the_same_optimum(problem: Problem) -> None:
    alone, shared = certified(problem, 1), certified(problem, 2)
    assert alone.status is shared.status is relaxgap.Status.SOLVED
    assert shared.n_regions >= 2
    assert shared.lower_bound <= alone.upper_bound
    assert alone.lower_bound <= shared.upper_bound
    assert shared.n_lost_workers == 0
    assert LOST not in shared.remarks


def test_a_lost_worker_is_one_remark_beside_a_valid_bracket(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    price_bound = LiftedRelaxation.price_bound

    def harmed(relaxation: LiftedRelaxation) -> object:
        for worker in relaxation.processes.workers:
            os.kill(worker.pid, signal.SIGKILL)
        return price_bound(relaxation)

    alone = certified(problem, 1)
    monkeypatch.setattr(LiftedRelaxation, "price_bound", harmed)
    report = certified(problem, 2)
    assert report.remarks.count(LOST) == 1
    assert alone.status is report.status is relaxgap.Status.SOLVED
    assert report.lower_bound <= alone.upper_bound
    assert alone.lower_bound <= report.upper_bound


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel has to say when it has ended")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_a_command_that_is_ended(
    file: str, net: str, tmp_path: Path, number: signal.Signals
) -> None:
    chosen = ("--network", net, "--beta", "0.1", "--certificate", "branch_and_bound")
    child = Child(tmp_path, "certify", file, *chosen, "--workers", "2", "--json", before=AT_WORK)
    try:
        child.wait_for_file(tmp_path / "pid")
        with end_of(int((tmp_path / "pid").read_text())):
            child.kill(number)
            code, out, err = child.finish()
    finally:
        child.close()
    if number == signal.SIGINT:
        assert (code, json.loads(out)["status"]) == (1, "interrupted")
        assert err.endswith("relaxgap: interrupted; the bracket so far holds and is printed.\n")


@pytest.mark.parametrize("workers", [0, -1, 1.5])
def test_a_wrong_number_of_workers_is_refused(problem: Problem, workers: Any) -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="Expected workers >= 1"):
        certified(problem, workers)
    with pytest.raises(relaxgap.ConfigurationError, match="Expected workers >= 1"):
        relaxgap.solve(*problem[1:], beta=0.1, workers=workers)


@pytest.mark.parametrize("command", ["certify", "solve"])
def test_a_wrong_number_of_workers_is_one_line(relaxgap: Invoke, file: str, command: str) -> None:
    result = relaxgap(command, file, "--workers", "0")
    assert result.exit_code == 2
    assert "Error: Invalid value for '--workers': 0 is not in the range x>=1." in result.stderr


def test_an_address_that_workers_cannot_be_had_from_is_one_line(
    relaxgap: Invoke, file: str, net: str
) -> None:
    chosen = ("--network", net, "--beta", "0.1", "--scheduler", "tls://a:1")
    result = relaxgap("certify", file, *chosen)
    assert result.exit_code == 2
    assert "Expected a scheduler at tcp://HOST:PORT, got 'tls://a:1'" in result.stderr
    assert "leave the scheduler out" in result.stderr
    assert "Traceback" not in result.stderr


def test_problems_without_regions_refuse_workers(problem: Problem) -> None:
    _, X, y = problem
    with pytest.raises(relaxgap.ConfigurationError, match="no workers for several outputs, got 2"):
        relaxgap.solve(X, np.stack([y, -y], axis=1), beta=0.1, workers=2)
    with pytest.raises(relaxgap.ConfigurationError, match="no scheduler for several outputs"):
        relaxgap.solve(X, np.stack([y, -y], axis=1), beta=0.1, scheduler="tcp://a:1")
