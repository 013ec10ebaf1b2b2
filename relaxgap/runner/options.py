"""The options that an assignment of a grid chooses, and the configs with them."""

import itertools
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from relaxgap.runner.axes import Assignments, expanded
from relaxgap.runner.changed_settings import checked_again, replaced, setting
from relaxgap.runner.config import known_keys
from relaxgap.runner.config_files import load_option

CHOICES = ("data", "training")
"""Groups whose options may be the values of an axis."""


@dataclass(frozen=True, slots=True)
class ChosenOptions:
    """Hold options by their groups, the checked config with them, and what it has.

    Parameters
    ----------
    keys : frozenset of str
        Settings that an axis may assign.
    taken : frozenset of str
        Settings by hand that the config took.
    """

    options: Assignments
    config: Mapping[str, Any]
    keys: frozenset[str]
    taken: frozenset[str]


@dataclass(frozen=True, slots=True)
class OptionsOfGrid:
    """Make the configs of the options that a grid chooses, each once.

    Parameters
    ----------
    bare : mapping
        Checked config without axes.
    fixed : collection of str
        Paths set by hand, which reach every option that has them.
    """

    bare: Mapping[str, Any]
    fixed: Collection[str]
    _made: dict[str, ChosenOptions] = field(default_factory=dict)

    def chosen(self, assigned: Assignments) -> Iterator[ChosenOptions]:
        """Yield each choice of options that an assignment stands for.

        Raises
        ------
        ConfigurationError
            If there is no such option.
        """
        groups = [path for path in assigned if path in CHOICES]
        for options in itertools.product(*(expanded(assigned[group], None) for group in groups)):
            chosen = dict(zip(groups, options, strict=True))
            name = json.dumps(chosen, sort_keys=True, default=repr)
            if name not in self._made:
                self._made[name] = self._make(chosen)
            yield self._made[name]

    def _make(self, chosen: Assignments) -> ChosenOptions:
        config = dict(self.bare)
        for group, option in chosen.items():
            config[group] = load_option(group, option) if isinstance(option, str) else option
        # the settings that an option leaves at their defaults may be assigned too
        config, taken = checked_again(config, list(chosen)), set()
        for path in self.fixed:
            group, dot, _ = path.partition(".")
            if not dot:
                continue
            if group in chosen:
                if not (_has(self.bare, path) and _has(config, path)):
                    continue
                config = replaced(config, path, setting(self.bare, path))
            taken.add(path)
        keys = (key for key in known_keys(config) if not key.startswith(("runner", "name")))
        return ChosenOptions(chosen, config, frozenset(keys), frozenset(taken))


def _has(config: Any, path: str) -> bool:
    for part in path.split("."):
        if not isinstance(config, Mapping) or part not in config:
            return False
        config = config[part]
    return True
