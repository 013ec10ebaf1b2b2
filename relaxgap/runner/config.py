"""The schema of every config, and the way from a composed config to checked settings."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from relaxgap.data import DataSource, DigitsData, FileData, GaussianData, MnistData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.catalogue import EXPERIMENTS
from relaxgap.experiments.parts.settings import (
    NetworkSettings,
    OptimumSettings,
    PatternSampling,
    Regularisation,
    SolverSettings,
    TrainingPlan,
)
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.experiments.timing.settings import BenchmarkSettings
from relaxgap.runner.schema import frozen, schema_of

LISTED_NAMES = 12
SCALES = ("ci", "default", "full")
DATA_SOURCES: Mapping[str, type[DataSource]] = {
    "gaussian": GaussianData,
    "file": FileData,
    "digits": DigitsData,
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
    n_jobs : int
        Worker processes, each with one BLAS thread; -1 takes every core.
    force : bool
        Redo finished cells.
    dry_run : bool
        Print the grid and what is already done, and stop.
    """

    results_dir: str = "results"
    n_jobs: int = -1
    force: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.n_jobs == 0 or self.n_jobs < -1:
            raise ConfigurationError(
                f"Expected runner.n_jobs >= 1 or -1 for every core, got {self.n_jobs}."
            )


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Hold a whole run: the base point of the grid, its axes and the runner."""

    name: str
    data: Any
    scale: str = "default"
    seed: int = 0
    data_seed: int | None = None
    regularisation: Regularisation = field(default_factory=Regularisation)
    patterns: PatternSampling = field(default_factory=PatternSampling)
    solver: SolverSettings = field(default_factory=SolverSettings)
    networks: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingPlan = field(default_factory=TrainingPlan)
    benchmark: BenchmarkSettings = field(default_factory=BenchmarkSettings)
    optimum: OptimumSettings = field(default_factory=OptimumSettings)
    runner: RunnerSettings = field(default_factory=RunnerSettings)
    grid: dict[str, Any] = field(default_factory=dict)


RUN_SCHEMA = schema_of(RunSettings)
CELL_PARTS = (
    "regularisation",
    "patterns",
    "solver",
    "networks",
    "training",
    "benchmark",
    "optimum",
)


def register_schemas() -> None:
    """Give Hydra the schemas that the files under ``conf/`` start from."""
    store = ConfigStore.instance()
    store.store(name="schema", node=RUN_SCHEMA)
    for kind, schema in DATA_SCHEMAS.items():
        store.store(group="data", name=f"{kind}_schema", node=schema)


def config_dir() -> Path:
    """Return ``conf/`` of the checkout, else the copy that travels with the wheel."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent / "conf"
    return checkout if (checkout / "config.yaml").is_file() else package / "_conf"


def option_names(group: str) -> list[str]:
    """List the options of a config group."""
    return sorted(path.stem for path in (config_dir() / group).glob("*.yaml"))


def load_option(group: str, name: str) -> dict[str, Any]:
    """Read one option of a group, for grids whose axis is the choice itself."""
    path = config_dir() / group / f"{name}.yaml"
    if not path.is_file():
        raise ConfigurationError(unknown(f"{group} option", name, option_names(group)))
    values = OmegaConf.to_container(OmegaConf.load(path))
    return {str(k): v for k, v in dict(values).items() if k != "defaults"}  # type: ignore[arg-type]


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Word the error for an unknown name, with the nearest known one."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near:
        # "beta" is remembered more often than "regularisation.beta"
        last_parts = {known_name.rpartition(".")[2]: known_name for known_name in names}
        last = difflib.get_close_matches(name.rpartition(".")[2], last_parts, n=1, cutoff=0.6)
        near = [last_parts[part] for part in last]
    if near:
        return f"Expected a known {what}, got {name!r}; did you mean {near[0]!r}?"
    choices = f"choose from: {', '.join(names)}."
    if len(names) > LISTED_NAMES:
        choices = "`relaxgap run --cfg job` prints every setting."
    return f"Expected a known {what}, got {name!r}; {choices}"


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

    Raises
    ------
    ConfigurationError
        For an unknown key or a value of the wrong type, with the nearest name.
    """
    rest = {key: value for key, value in plain.items() if key != "data"}
    full = _merged(RUN_SCHEMA, rest, "")
    full["data"] = checked_data(plain["data"])
    if full["scale"] not in SCALES:
        raise ConfigurationError(unknown("scale", full["scale"], SCALES))
    if full["name"] not in EXPERIMENTS:
        raise ConfigurationError(unknown("experiment name", full["name"], EXPERIMENTS))
    frozen(RunnerSettings, full["runner"])
    return full


def checked_data(data: Any) -> dict[str, Any]:
    """Merge a ``data`` section onto the schema of its kind."""
    kind = data.get("kind") if isinstance(data, Mapping) else data
    if kind not in DATA_SCHEMAS:
        raise ConfigurationError(unknown("data kind", str(kind), DATA_SCHEMAS))
    return _merged(DATA_SCHEMAS[kind], data, "data.")


def _merged(schema: type, values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    structured = OmegaConf.structured(schema)
    try:
        merged = OmegaConf.merge(structured, dict(values))
        container = OmegaConf.to_container(merged, resolve=True)
    except OmegaConfBaseException as error:
        key = error.full_key or str(error.key)
        known = known_keys(OmegaConf.to_container(structured))
        if isinstance(error, ConfigKeyError) and key.split("[")[0] not in known:
            raise ConfigurationError(
                unknown("setting", prefix + key, [prefix + name for name in known])
            ) from error
        reason = str(error.msg or error).splitlines()[0]
        raise ConfigurationError(
            f"Expected a valid value for {prefix}{key}, got an error: {reason}"
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


def cell_spec(full: Mapping[str, Any]) -> CellSpec:
    """Build the frozen cell of a checked config; range checks run here.

    Raises
    ------
    ConfigurationError
        If a value is out of range.
    """
    try:
        cell = {name: full[name] for name in (*CELL_PARTS, "seed", "data_seed")}
        source = data_source(full["data"])
        return frozen(CellSpec, {"experiment": full["name"], "data": source, **cell})
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
