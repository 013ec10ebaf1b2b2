"""The executor that a config names; what one needs is imported when it is chosen."""

import importlib.util

from relaxgap.errors import ConfigurationError
from relaxgap.runner.config import RunnerSettings
from relaxgap.runner.executors.executor import Executor
from relaxgap.runner.executors.local import LocalProcesses


def chosen_executor(runner: RunnerSettings) -> Executor:
    """Return what runs the cells.

    Raises
    ------
    ConfigurationError
        If a package for it is missing.
    """
    if runner.executor == "local":
        return LocalProcesses(runner.n_jobs)
    if importlib.util.find_spec("distributed") is None:
        raise ConfigurationError(
            "Expected the package distributed for runner=dask, found none; run pip install "
            "'relaxgap[dask]', or leave runner=dask out."
        )
    from relaxgap.runner.executors.dask import DaskWorkers

    return DaskWorkers(runner.scheduler, runner.n_jobs, runner.silence_seconds)
