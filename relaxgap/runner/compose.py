"""Configs composed by Hydra's public API, without running anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError  # type: ignore[import-untyped]

from relaxgap.errors import ConfigurationError
from relaxgap.runner.config_files import config_dir

CONFIG_NAME = "config"


@dataclass(frozen=True, slots=True)
class Composition:
    """Hold a composed config, not yet checked, and the option of each of its groups."""

    config: dict[str, Any]
    choices: dict[str, str]


def composition(
    overrides: Sequence[str], config_name: str = CONFIG_NAME, folder: Path | None = None
) -> Composition:
    """Compose a config from ``conf/`` and, if one is given, a folder of the user's.

    Raises
    ------
    ConfigurationError
        If the overrides do not compose.
    """
    quoted = str(folder.resolve()).replace("'", "\\'") if folder else ""
    search = [f"hydra.searchpath=['file://{quoted}']"] if folder else []
    full = _composed(config_name, [*search, *overrides])
    choices = OmegaConf.to_container(full.hydra.runtime.choices)
    if folder:
        _refuse_hydra_settings(full)
    OmegaConf.set_struct(full, False)
    del full["hydra"]
    config = OmegaConf.to_container(full, resolve=False)
    groups = {str(key): str(value) for key, value in choices.items()}  # type: ignore[union-attr]
    return Composition(config, groups)  # type: ignore[arg-type]


def _composed(config_name: str, overrides: Sequence[str]) -> DictConfig:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        try:
            return compose(config_name, list(overrides), return_hydra_config=True)
        except MemoryError:
            raise
        except Exception as error:
            # a file of the user's may hold anything, and Hydra lets through what it meets
            raise ConfigurationError(one_line(error)) from error


def _refuse_hydra_settings(full: DictConfig) -> None:
    ours = _shipped_hydra_settings()
    for key, value in _hydra_settings(full).items():
        if key not in ours or ours[key] != value:
            raise ConfigurationError(
                f"Expected configs without settings of Hydra's own, got {key!r}; relaxgap "
                "takes none of them: remove it."
            )


@cache
def _shipped_hydra_settings() -> dict[str, Any]:
    return _hydra_settings(_composed(CONFIG_NAME, []))


def _hydra_settings(full: DictConfig) -> dict[str, Any]:
    """Return what Hydra was told, and not what it says of the config itself."""
    section = OmegaConf.to_container(full.hydra, resolve=False)
    said = ("runtime", "overrides", "searchpath", "job.name", "job.config_name", "job.override")
    leaves = flat({"hydra": section})
    names = tuple(f"hydra.{name}" for name in said)
    return {key: value for key, value in leaves.items() if not key.startswith(names)}


def flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of a plain config by their dotted keys."""
    if not isinstance(config, Mapping) or not config:
        return {prefix.rstrip("."): config}
    return {
        key: value
        for name, inner in config.items()
        for key, value in flat(inner, f"{prefix}{name}.").items()
    }


def one_line(error: Exception) -> str:
    """Word what Hydra says of a config in one line."""
    said = str(error)
    if not isinstance(error, YAMLError):
        # the lines behind are of Hydra's inside
        lines = said.splitlines()
        first = lines[:2] if lines and lines[0].endswith(":") else lines[:1]
        said = "; ".join([" ".join(first), *str(error.__cause__ or "").splitlines()[:1]])
    return (
        f"Expected overrides and configs that Hydra can read, got: "
        f"{said.rstrip('.') or type(error).__name__}; check them."
    )
