"""What a worker of a cluster refuses, and what a run on one needs."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from composed import compose_plain

from relaxgap.errors import ConfigurationError
from relaxgap.runner.config import RunnerSettings, checked
from relaxgap.runner.execute import Computed
from relaxgap.runner.executors import dask
from relaxgap.runner.executors.choice import chosen_executor
from relaxgap.runner.grid import GridPoint, grid_points
from relaxgap.runner.manifest import library_versions, source_version
from relaxgap.runner.schema import frozen


@pytest.fixture
def point() -> GridPoint:
    config = compose_plain(["data.n=4"])
    config["grid"] = {"seed": [0]}
    return grid_points(config)[0]


def in_worker(
    monkeypatch: pytest.MonkeyPatch, point: GridPoint, n_threads: int = 1, **others: str
) -> Computed:
    """Return what a worker sends back for a run with other versions of some libraries."""
    worker = SimpleNamespace(state=SimpleNamespace(nthreads=n_threads))
    monkeypatch.setattr(dask, "get_worker", lambda: worker)
    libraries = {**library_versions(), **others}
    return dask._compute_as_here(finished, libraries, source_version(), point)


def finished(point: GridPoint, version: Mapping[str, Any]) -> Computed:
    return Computed({"source": version})


def test_a_worker_computes_with_the_versions_of_the_run(
    monkeypatch: pytest.MonkeyPatch, point: GridPoint
) -> None:
    assert in_worker(monkeypatch, point).content == {"source": source_version()}
    refused = in_worker(monkeypatch, point, numpy="0.1")
    assert refused.content is None
    assert "Expected workers with numpy 0.1, got" in refused.error


def test_a_worker_of_several_threads_computes_nothing(
    monkeypatch: pytest.MonkeyPatch, point: GridPoint
) -> None:
    refused = in_worker(monkeypatch, point, n_threads=4)
    assert refused.content is None
    assert "one thread, got 4; start them with `dask worker ADDRESS --nthreads 1" in refused.error


def test_the_settings_of_a_cluster_are_those_of_the_config() -> None:
    config = compose_plain(["runner=dask", "runner.scheduler=tcp://a:1", "runner.n_jobs=3"])
    runner = frozen(RunnerSettings, checked(config)["runner"])
    assert chosen_executor(runner) == dask.DaskWorkers("tcp://a:1", 3, 300.0)


def test_a_missing_package_is_one_line_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"found none; run pip install 'relaxgap\[dask\]'"):
        chosen_executor(RunnerSettings(executor="dask"))
