"""Overrides of a run, checked before Hydra composes them: a bad one gets the nearest name."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Glob, Override, OverrideType
from omegaconf import OmegaConf

from relaxgap.cli.jobs import parsed, swept
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.compose import CONFIG_NAME, Composition, composition
from relaxgap.runner.config import DATA_SCHEMAS, known_keys, register_schemas
from relaxgap.runner.config_files import config_dir, load_option, option_names
from relaxgap.runner.nearest import unknown
from relaxgap.runner.options import CHOICES

ALTERNATIVES = {"data.d": "data.aspect_ratio", "data.aspect_ratio": "data.d"}


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

    def compose_options(self, options: Sequence[str]) -> Composition:
        """Compose a config of options alone, to be read only: those that are shipped, once."""
        return self.compose(options) if self.folder else _shipped(tuple(options), self.name)


@cache
def _shipped(options: tuple[str, ...], name: str) -> Composition:
    return composition(options, name)


def checked_overrides(arguments: Sequence[str], source: ConfigSource) -> list[str]:
    """Return overrides that Hydra can compose, and register the schemas that they need.

    Raises
    ------
    ConfigurationError
        If one of them cannot be read, or names a setting, group or option that is not there.
    """
    overrides = [parsed(argument) for argument in arguments]
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
            raise ConfigurationError(_not_a_setting(override, composed[0], {*keys}))
    replaced = [part for one in arguments for part in _replacing_axis(one, composed[0])]
    return [*replaced, *_set_aside(overrides, composed[0])]


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
    if isinstance(value, (list, dict)):
        raise ConfigurationError(
            f"Expected the name of one option for {group}, got {str(value)!r}; choose from: "
            f"{', '.join(known)}."
        )
    options = swept(override) if override.is_sweep_override() else [str(value)]
    for option in options:
        if option not in known:
            listed_by = "`relaxgap list` shows them all."
            raise ConfigurationError(unknown(group, option, known, listed_by))
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
        bare = source.compose_options(alone)
        for group in others:
            if group not in bare.choices:
                known = {*known_keys(bare.config), *bare.choices}
                raise ConfigurationError(unknown("setting", group, known))
        for options in itertools.product(*(chosen[group] for group in others if chosen[group])):
            named = (group for group in others if chosen[group])
            pairs = [f"{group}={option}" for group, option in zip(named, options, strict=True)]
            yield source.compose_options([*alone, *pairs]) if pairs else bare


def _replacing_axis(argument: str, composed: Composition) -> list[str]:
    """Let values replace an axis that has some for each scale, which Hydra cannot merge."""
    override = parsed(argument)
    node: Any = composed.config
    for part in override.key_or_group.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    is_axis = override.key_or_group.startswith("grid.") and isinstance(node, Mapping)
    changes = override.type is OverrideType.CHANGE and not isinstance(override.value(), dict)
    return [f"~{override.key_or_group}", f"+{argument}"] if is_axis and changes else [argument]


def _set_aside(overrides: Sequence[Override], composed: Composition) -> list[str]:
    """Let the dimension that the user gives replace the aspect ratio of the config, or the reverse.

    Only one of two such settings may hold.
    """
    given = {o.key_or_group.removeprefix("grid."): o for o in overrides if not o.is_delete()}
    keys = known_keys(composed.config)
    return [
        f"{other}=null"
        for one, other in ALTERNATIVES.items()
        if one in given and given[one].value() is not None and other not in given and other in keys
    ]


def _not_a_setting(override: Override, composed: Composition, known: Collection[str]) -> str:
    """Word the error for a setting that this config lacks, though it may be one elsewhere."""
    key = override.key_or_group
    axis = key.removeprefix("grid.")
    if axis != key and axis in known:
        value = override.value()
        one = value[0] if isinstance(value, list) and len(value) == 1 else "..."
        return (
            f"Expected an axis that the grid has, got {key!r}; set {axis}={one} for every cell, "
            f"or sweep over its values with -m."
        )
    group, _, setting = key.partition(".")
    # an experiment may lack the whole group
    chosen = composed.choices.get(group)
    having = [name for name in _options_with(group, setting) if name != chosen]
    if having and chosen:
        return (
            f"Expected a setting of {group}={chosen}, got {key!r}, which "
            f"{', '.join(having)} has; choose {group}={having[0]} itself and leave out "
            f"grid.{group}."
        )
    return unknown("setting", key, {*known, *composed.choices})


def _options_with(group: str, setting: str) -> list[str]:
    """List the options of a group whose values an axis may be that have a setting."""
    if group not in CHOICES:
        return []
    having = []
    for name in option_names(group):
        values = load_option(group, name)
        if group == "data":
            values |= vars(DATA_SCHEMAS[values["kind"]]())
        if setting in known_keys(values):
            having.append(name)
    return having
