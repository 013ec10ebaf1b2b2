"""The schema of a run, made of its experiment's settings, and the way from config to cell."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from relaxgap.data import (
    BundledData,
    DataSource,
    DigitsData,
    FileData,
    GaussianData,
    MnistData,
    OtherRowsData,
)
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.experiment import Experiment
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.axes import SCALES
from relaxgap.runner.extremes import refuse_extremes
from relaxgap.runner.interpolations import reason_of, resolved
from relaxgap.runner.nearest import unknown
from relaxgap.runner.schema import frozen, refuse_other_shapes, schema_of

DATA_SOURCES: Mapping[str, type[DataSource]] = {
    "gaussian": GaussianData,
    "other_rows": OtherRowsData,
    "file": FileData,
    "digits": DigitsData,
    "bundled": BundledData,
    "mnist": MnistData,
}
DATA_SCHEMAS = {kind: schema_of(spec, kind=kind) for kind, spec in DATA_SOURCES.items()}


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """Say where and how cells run.

    Parameters
    ----------
    results_dir : str
        Folder of all results, relative to the working directory.
    executor : {"local", "dask"}
        Processes of this machine, or the workers of a Dask cluster.
    n_jobs : int
        Worker processes, each with one BLAS thread; -1 takes every core, and every worker of a
        cluster that is given.
    scheduler : str or None
        Address of the scheduler of a Dask cluster; None starts a cluster on this machine.
    silence_seconds : float
        A worker of a Dask cluster that sends no heartbeat for so long is taken for dead. It must
        be longer than any call that keeps Python from running.
    force : bool
        Redo finished cells.
    dry_run : bool
        Print the grid and what is already done, and stop.
    """

    results_dir: str = "results"
    executor: Literal["local", "dask"] = "local"
    n_jobs: int = -1
    scheduler: str | None = None
    silence_seconds: float = 300.0
    force: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.n_jobs == 0 or self.n_jobs < -1:
            raise ConfigurationError(
                f"Expected runner.n_jobs >= 1 or -1 for every core, got {self.n_jobs}."
            )
        if not 0.0 < self.silence_seconds < float("inf"):
            raise ConfigurationError(
                "Expected positive, finite runner.silence_seconds, got "
                f"{self.silence_seconds}; 300 is a good value."
            )
        if self.scheduler is not None and self.executor != "dask":
            raise ConfigurationError(
                f"Expected runner.scheduler for a Dask cluster only, got {self.scheduler!r} for "
                f"{self.executor} processes; add runner=dask."
            )


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """Hold what every run has: data and seeds of its cells, the axes of its grid, the runner."""

    data: Any
    scale: str = "default"
    seed: int = 0
    data_seed: int | None = None
    runner: RunnerSettings = field(default_factory=RunnerSettings)
    grid: dict[str, Any] = field(default_factory=dict)


COMMON_SCHEMA = schema_of(CommonSettings)


@functools.cache
def run_schema(experiment: Experiment) -> type:
    """Return the schema of a run of one experiment: what is common, then its own settings."""
    return dataclasses.make_dataclass(
        f"{experiment.name}_run",
        [("name", str, field(default=experiment.name))],
        bases=(schema_of(experiment.settings), COMMON_SCHEMA),
    )


def register_schemas(experiments: Iterable[Experiment]) -> None:
    """Give Hydra the schemas that the files under ``conf/`` start from."""
    store = ConfigStore.instance()
    for experiment in experiments:
        schema = run_schema(experiment)
        store.store(group="schema", name=experiment.name, node=schema, package="_global_")
    for kind, schema in DATA_SCHEMAS.items():
        store.store(group="data", name=f"{kind}_schema", node=schema)


def known_keys(config: Any, prefix: str = "") -> list[str]:
    """List every dotted key of a plain config."""
    if not isinstance(config, Mapping):
        return []
    keys = []
    for key, value in config.items():
        keys += [f"{prefix}{key}", *known_keys(value, f"{prefix}{key}.")]
    return keys


def checked(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a plain config onto the schema, which refuses what Hydra lets through (``+typo=3``).

    Hydra checks an interpolation (``${...}``) by nothing: it is resolved first.

    Raises
    ------
    ConfigurationError
        For an unknown key or a value of the wrong type, with the nearest name.
    """
    for name, value in plain.items():
        refuse_extremes(name, value)
    plain = resolved(plain)
    for name, value in plain.items():
        refuse_extremes(name, value)
    experiment = chosen_experiment(plain)
    rest = {key: value for key, value in plain.items() if key != "data"}
    full = merged(run_schema(experiment), rest)
    full["data"] = checked_data(plain.get("data"))
    if full["scale"] not in SCALES:
        raise ConfigurationError(unknown("scale", full["scale"], SCALES))
    frozen(RunnerSettings, full["runner"])
    return full


def chosen_experiment(plain: Mapping[str, Any]) -> Experiment:
    """Return the experiment that a config names.

    Raises
    ------
    ConfigurationError
        If there is none of that name, with the nearest one.
    """
    name = str(plain.get("name"))
    if name not in EXPERIMENTS:
        raise ConfigurationError(
            unknown("experiment name", name, EXPERIMENTS, "`relaxgap list` shows them all.")
        )
    return EXPERIMENTS[name]


def checked_data(data: Any) -> dict[str, Any]:
    """Merge a ``data`` section onto the schema of its kind."""
    kind = data.get("kind") if isinstance(data, Mapping) else data
    if not isinstance(kind, str) or kind not in DATA_SCHEMAS:
        raise ConfigurationError(unknown("data kind", str(kind), DATA_SCHEMAS))
    return merged(DATA_SCHEMAS[kind], data, "data.")


def merged(schema: type, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Merge plain values onto a schema, whose types they take; ``prefix`` is its path.

    Raises
    ------
    ConfigurationError
        For an unknown key, a value of the wrong type or none at all.
    """
    refuse_other_shapes(schema, values, prefix.rstrip("."))
    structured = OmegaConf.structured(schema)
    try:
        container = OmegaConf.to_container(OmegaConf.merge(structured, dict(values)))
    except OmegaConfBaseException as error:
        key = error.full_key or str(error.key or next(iter(values), ""))
        known = known_keys(OmegaConf.to_container(structured))
        if isinstance(error, ConfigKeyError) and key.split("[")[0] not in known:
            raise ConfigurationError(
                unknown("setting", prefix + key, [prefix + name for name in known])
            ) from error
        raise ConfigurationError(
            f"Expected a value of the type of {prefix}{key}, got another: {reason_of(error)}; see "
            "its default with `relaxgap run --cfg job`."
        ) from error
    missing = [key for key, value in _leaves(container) if value == MISSING and key != "data"]
    if missing:
        raise ConfigurationError(
            f"Expected a value for {prefix}{missing[0]}, got none; add {prefix}{missing[0]}=..."
        )
    return container  # type: ignore[return-value]


def _leaves(container: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not isinstance(container, Mapping):
        return [(prefix.rstrip("."), container)]
    return [leaf for key, value in container.items() for leaf in _leaves(value, f"{prefix}{key}.")]


def data_source(values: Mapping[str, Any]) -> DataSource:
    """Build the data source of a checked ``data`` section."""
    fields = {key: value for key, value in values.items() if key != "kind"}
    return frozen(DATA_SOURCES[values["kind"]], fields)
