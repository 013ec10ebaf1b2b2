from typing import Any

import pytest

from relaxgap.runner.executors.executor import EndedEarlyError
from relaxgap.runner.executors.heartbeats import SECONDS_WITHOUT_WORKERS, Heartbeats

SILENCE = 10.0


class Cluster:
    """A scheduler whose clock is an hour ahead, and the clock of the run."""

    def __init__(self) -> None:
        self.now = 0.0
        self.beats: dict[str, float] = {}
        self.paused: set[str] = set()
        self.gone = False

    def beat(self, *names: str) -> None:
        self.beats |= dict.fromkeys(names, 3600.0 + self.now)

    def workers(self) -> dict[str, Any]:
        if self.gone:
            raise ConnectionRefusedError
        return {
            name: {"last_seen": beat, "status": "paused" if name in self.paused else "running"}
            for name, beat in self.beats.items()
        }

    def clock(self) -> float:
        return self.now


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def heartbeats(cluster: Cluster) -> Heartbeats:
    return Heartbeats(cluster.workers, SILENCE, cluster.clock)


def test_a_silent_worker_is_dead_until_it_is_heard_again(
    cluster: Cluster, heartbeats: Heartbeats
) -> None:
    cluster.beat("a", "b")
    assert heartbeats.alive() == {"a", "b"}
    cluster.now = SILENCE + 1.0
    cluster.beat("a")
    assert heartbeats.alive() == {"a"}
    cluster.beat("b")
    assert heartbeats.alive() == {"a", "b"}


def test_a_worker_that_has_left_or_takes_no_work_is_not_alive(
    cluster: Cluster, heartbeats: Heartbeats
) -> None:
    cluster.beat("a", "b", "c")
    cluster.paused = {"c"}
    assert heartbeats.alive() == {"a", "b"}
    del cluster.beats["a"]
    assert heartbeats.alive() == {"b"}


def test_a_cluster_without_workers_is_waited_for_and_not_for_ever(
    cluster: Cluster, heartbeats: Heartbeats
) -> None:
    cluster.now = SECONDS_WITHOUT_WORKERS
    assert heartbeats.alive() == set()
    cluster.now += 1.0
    with pytest.raises(EndedEarlyError, match=r"got none for 300 seconds; .* --nthreads 1"):
        heartbeats.alive()


def test_a_scheduler_that_is_gone_ends_the_run(cluster: Cluster, heartbeats: Heartbeats) -> None:
    cluster.beat("a")
    assert heartbeats.alive() == {"a"}
    cluster.gone = True
    with pytest.raises(EndedEarlyError, match="the same command resumes"):
        heartbeats.alive()
