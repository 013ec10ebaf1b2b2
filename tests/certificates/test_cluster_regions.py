"""Regions on the workers of a Dask cluster: the numbers, and what is lost."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from cluster import ClusterProcess, process_of
from instances import random_program
from test_region_processes import prices

import relaxgap
from relaxgap.certificates.all_patterns.lifted import LiftedRelaxation, RegionProcesses, Units
from relaxgap.numerics.workers import alike, workers_of
from relaxgap.numerics.workers.cluster import ClusterWorker, cluster_workers
from relaxgap.problems import relu_program

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterProcess]:
    """Have two workers; one that is killed is started again."""
    process = ClusterProcess(2)
    yield process
    process.kill()


@contextmanager
def relaxation(
    address: str | None, limit: int | None = None, silence_seconds: float = 60.0
) -> Iterator[LiftedRelaxation]:
    program = random_program(relu_program, 9, 4, seed=0, fraction=0.03)
    units = Units.of(program.data, program.beta)
    assert units is not None
    if address is None:
        yield LiftedRelaxation(program.data, units)
        return
    with (
        cluster_workers(address, limit, silence_seconds) as workers,
        RegionProcesses(workers) as processes,
    ):
        yield LiftedRelaxation(program.data, units, processes)


def process(relaxed: LiftedRelaxation) -> int:
    worker = relaxed.processes.workers[0]
    worker.ask(process_of)
    found: int = worker.answer()
    return found


def is_proven(relaxed: LiftedRelaxation) -> bool:
    """Whether a price over all neurons is at least that of random ones."""
    nu, price = relaxed.price_bound()
    directions = np.random.default_rng(0).standard_normal((1000, relaxed.data.d))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    return bool(np.abs(np.maximum(directions @ relaxed.data.X.T, 0.0) @ nu).max() <= price)


@pytest.mark.parametrize(("limit", "n_workers"), [(None, 2), (2, 1)])
def test_the_numbers_are_those_of_one_process(
    cluster: ClusterProcess, limit: int | None, n_workers: int
) -> None:
    with relaxation(None) as alone, relaxation(cluster.address, limit) as shared:
        assert prices(alone) == prices(shared)
        np.testing.assert_array_equal(alone.residual, shared.residual)
        assert alone.value == shared.value
        assert len(shared.processes.workers) == n_workers
        assert process(shared) != os.getpid()
        assert shared.processes.n_lost == 0


def test_a_worker_that_is_let_go_may_be_taken_again(cluster: ClusterProcess) -> None:
    with cluster_workers(cluster.address, 2) as workers:
        for _ in range(2):
            worker = workers.start()
            worker.ask(process_of)
            assert worker.answer() != os.getpid()
            worker.end()


@pytest.mark.parametrize(
    ("number", "silence_seconds"), [(signal.SIGKILL, 60.0), (signal.SIGSTOP, 2.0)]
)
def test_regions_of_a_lost_worker_go_on_and_every_price_is_proven(
    cluster: ClusterProcess, number: signal.Signals, silence_seconds: float
) -> None:
    harmed: list[int] = []

    def harm(relaxed: LiftedRelaxation) -> None:
        harmed.append(process(relaxed))
        os.kill(harmed[0], number)

    with relaxation(None) as alone, relaxation(cluster.address, None, silence_seconds) as shared:
        expected, found = prices(alone), prices(shared, harm)
        assert found[:2] == expected[:2]
        assert shared.processes.n_lost >= 1
        assert is_proven(shared)
    if number == signal.SIGSTOP:
        # its nanny starts another
        os.kill(harmed[0], signal.SIGKILL)


def test_regions_outlive_the_scheduler_and_the_whole_cluster() -> None:
    own = ClusterProcess(1)
    try:
        with relaxation(None) as alone, relaxation(own.address) as shared:
            # the workers go on without it
            assert prices(alone) == prices(shared, lambda _: own.freeze())
            assert shared.processes.n_lost == 0
            own.kill()
            shared.advance(5)
            assert shared.processes.n_lost == 1
            assert not shared.processes.workers
            assert is_proven(shared)
    finally:
        own.kill()


def test_a_bracket_of_a_cluster_is_one_of_the_same_optimum(
    cluster: ClusterProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    network = rng.standard_normal((5, 2)), rng.standard_normal(5)
    X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    started: list[str] = []

    def noted(worker: ClusterWorker, *arguments: object) -> None:
        started.append("worker")
        whole(worker, *arguments)  # type: ignore[arg-type]

    whole = ClusterWorker.__init__
    monkeypatch.setattr(ClusterWorker, "__init__", noted)
    alone, shared = (
        relaxgap.certify(
            network, X, y, 0.1, certificate="branch_and_bound", rtol=1e-3, scheduler=scheduler
        )
        for scheduler in (None, cluster.address)
    )
    assert started
    assert alone.status is shared.status is relaxgap.Status.SOLVED
    assert shared.lower_bound <= alone.upper_bound
    assert alone.lower_bound <= shared.upper_bound


def test_a_cluster_without_a_worker_like_this_process_is_refused(
    cluster: ClusterProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = alike._versions()
    monkeypatch.setattr(alike, "_is_as_here", lambda answer: False)
    with (
        pytest.raises(relaxgap.ConfigurationError, match="Expected a worker without work at"),
        workers_of(None, cluster.address),
    ):
        pass
    monkeypatch.undo()
    monkeypatch.setitem(versions, "numpy", "0.1")
    with (
        pytest.raises(relaxgap.ConfigurationError, match=r"Expected a worker with numpy 0\.1, got"),
        workers_of(None, cluster.address),
    ):
        pass


def test_an_address_without_a_scheduler_is_refused() -> None:
    with socket.socket() as taken:
        # bound, so that no other process listens there, and not listening
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        for wrong, said in ((address, "got no answer"), ("tls://a:1", "over plain TCP")):
            with pytest.raises(relaxgap.ConfigurationError, match=said), workers_of(2, wrong):
                pass


def test_a_missing_package_is_one_line_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with (
        pytest.raises(relaxgap.ConfigurationError, match=r"pip install 'relaxgap\[dask\]'"),
        workers_of(2, "tcp://a:1"),
    ):
        pass
