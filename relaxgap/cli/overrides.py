"""Overrides of a run, checked before Hydra composes them: a bad one gets the nearest name."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, OverrideType
from hydra.errors import HydraException
from omegaconf import OmegaConf

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.compose import CONFIG_NAME, Composition, composition
from relaxgap.runner.config import known_keys, register_schemas
from relaxgap.runner.config_files import config_dir, option_names
from relaxgap.runner.nearest import unknown


@dataclass(frozen=True, slots=True)
class ConfigSource:
    """Say where configs come from besides ``conf/``.

    Parameters
    ----------
    name : str
        Of the primary config.
    folder : Path or None
        The user's own, with groups like those of ``conf/``.
    """

    name: str = CONFIG_NAME
    folder: Path | None = None

    def options(self, group: str) -> list[str]:
        """List the options of a group."""
        return option_names(group, *([self.folder] if self.folder else []))

    def groups(self) -> list[str]:
        """List the groups."""
        folders = [config_dir(), *([self.folder] if self.folder else [])]
        return sorted({path.name for base in folders for path in base.iterdir() if path.is_dir()})

    def compose(self, overrides: Sequence[str]) -> Composition:
        """Compose a config."""
        return composition(overrides, self.name, self.folder)


def checked_overrides(arguments: Sequence[str], source: ConfigSource) -> list[str]:
    """Return overrides that Hydra can compose, and register the schemas that they need.

    Raises
    ------
    ConfigurationError
        If one of them cannot be read, or names a setting, group or option that is not there.
    """
    overrides = [_parsed(argument) for argument in arguments]
    overrides = [override for override in overrides if not _is_of_hydra(override)]
    groups = source.groups()
    chosen = {o.key_or_group: _options(o, source) for o in overrides if o.key_or_group in groups}
    _register_schemas(chosen.get("experiment", []), source)
    composed = list(_compositions(chosen, source))
    keys = {key for one in composed for key in known_keys(one.config)}
    for override in overrides:
        key = override.key_or_group
        # what is added is checked as the rest of the config is
        added = override.is_add() or override.is_force_add()
        if key not in chosen and key not in keys and not added:
            raise ConfigurationError(unknown("setting", key, {*keys, *composed[0].choices}))
    return [part for override in arguments for part in _replacing_axis(override, composed[0])]


def _parsed(argument: str) -> Override:
    try:
        return OverridesParser.create().parse_override(argument)
    except HydraException as error:
        if argument in EXPERIMENTS:
            raise ConfigurationError(
                f"Expected overrides key=value, got {argument!r}; write experiment={argument}."
            ) from error
        if "=" not in argument:
            raise ConfigurationError(
                f"Expected overrides key=value, got {argument!r}; add its key and '='."
            ) from error
        reason = str(error).splitlines()[0]
        raise ConfigurationError(
            f"Expected overrides that Hydra can read, got {argument!r}: {reason}"
        ) from error


def _is_of_hydra(override: Override) -> bool:
    return override.key_or_group.partition(".")[0].partition("/")[0] == "hydra"


def _options(override: Override, source: ConfigSource) -> list[str]:
    """Return the options that an override of a group names; none if it deletes the group.

    Raises
    ------
    ConfigurationError
        If the group has no such option.
    """
    if override.is_delete():
        return []
    group, value = override.key_or_group, override.value()
    known = source.options(group)
    if isinstance(value, Glob):
        return value.filter(known)
    if override.is_sweep_override():
        options = list(override.sweep_string_iterator())
    else:
        options = [str(value)]
    for option in options:
        if option not in known:
            raise ConfigurationError(unknown(group, option, known))
    return options


def _register_schemas(experiments: Sequence[str], source: ConfigSource) -> None:
    # Hydra composes the config once without the overrides of a sweep
    names = [*experiments, _default_experiment()]
    ours = [EXPERIMENTS[name] for name in names if name in EXPERIMENTS]
    # a config of the user's may be of any of them
    known = source.name == CONFIG_NAME and len(ours) == len(names)
    register_schemas(ours if known else EXPERIMENTS.values())


def _default_experiment() -> str:
    defaults = OmegaConf.load(config_dir() / f"{CONFIG_NAME}.yaml").defaults
    return next(str(entry["experiment"]) for entry in defaults if "experiment" in entry)


def _compositions(
    chosen: Mapping[str, Sequence[str]], source: ConfigSource
) -> Iterator[Composition]:
    """Compose every combination of the chosen options, one for each job of a sweep over them.

    Raises
    ------
    ConfigurationError
        If an experiment does not have one of the groups.
    """
    experiments = [[f"experiment={name}"] for name in chosen.get("experiment", [])] or [[]]
    others = [group for group in chosen if group != "experiment"]
    for alone in experiments:
        bare = source.compose(alone)
        for group in others:
            if group not in bare.choices:
                known = {*known_keys(bare.config), *bare.choices}
                raise ConfigurationError(unknown("setting", group, known))
        for options in itertools.product(*(chosen[group] for group in others if chosen[group])):
            named = (group for group in others if chosen[group])
            pairs = [f"{group}={option}" for group, option in zip(named, options, strict=True)]
            yield source.compose([*alone, *pairs]) if pairs else bare


def _replacing_axis(argument: str, composed: Composition) -> list[str]:
    """Let values replace an axis that has some for each scale, which Hydra cannot merge."""
    override = _parsed(argument)
    node: Any = composed.config
    for part in override.key_or_group.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    is_axis = override.key_or_group.startswith("grid.") and isinstance(node, Mapping)
    changes = override.type is OverrideType.CHANGE and not isinstance(override.value(), dict)
    return [f"~{override.key_or_group}", f"+{argument}"] if is_axis and changes else [argument]
