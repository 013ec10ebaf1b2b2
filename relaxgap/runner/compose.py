"""Configs composed by Hydra's public API, without running anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

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
    search = [f"hydra.searchpath=[file://{folder.resolve()}]"] if folder else []
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        try:
            full = compose(config_name, [*search, *overrides], return_hydra_config=True)
            choices = OmegaConf.to_container(full.hydra.runtime.choices)
        except (HydraException, OmegaConfBaseException) as error:
            raise ConfigurationError(one_line(error)) from error
    OmegaConf.set_struct(full, False)
    del full["hydra"]
    config = OmegaConf.to_container(full, resolve=False)
    groups = {str(key): str(value) for key, value in choices.items()}  # type: ignore[union-attr]
    return Composition(config, groups)  # type: ignore[arg-type]


def one_line(error: Exception) -> str:
    """Word what Hydra says of a config in one line."""
    reasons = [str(error).splitlines()[0], *str(error.__cause__ or "").splitlines()[:1]]
    return f"Expected overrides that Hydra can read, got: {'; '.join(reasons)}"
