"""The files under ``conf/``: where they are, and the options of each group."""

from pathlib import Path
from typing import Any

from relaxgap.errors import ConfigurationError
from relaxgap.runner.nearest import unknown


def config_dir() -> Path:
    """Return ``conf/`` of the checkout, else the copy that travels with the wheel."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent / "conf"
    return checkout if (checkout / "config.yaml").is_file() else package / "_conf"


def option_names(group: str, *more_folders: Path) -> list[str]:
    """List the options of a config group, those in the user's own folders included."""
    folders = (config_dir(), *more_folders)
    return sorted({path.stem for folder in folders for path in (folder / group).glob("*.yaml")})


def first_comment(group: str, name: str) -> str:
    """Return the first line of an option's file, which says what it is."""
    first = (config_dir() / group / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ")


def load_option(group: str, name: str) -> dict[str, Any]:
    """Read one option of a group, for grids whose axis is the choice itself.

    Raises
    ------
    ConfigurationError
        If the group has no such option, with the nearest name.
    """
    # a listing of the options should not wait for it
    from omegaconf import OmegaConf

    path = config_dir() / group / f"{name}.yaml"
    if not path.is_file():
        raise ConfigurationError(unknown(f"{group} option", name, option_names(group)))
    values = OmegaConf.to_container(OmegaConf.load(path))
    return {str(k): v for k, v in dict(values).items() if k != "defaults"}  # type: ignore[arg-type]
