"""Overrides of ``relaxgap run``, completed from ``conf/`` and the words of settings.

Neither Hydra nor a cell is imported: the options of a group are files, and what a chosen
experiment can vary is its type in the table of words and the values of its config.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from relaxgap.cli.completing.words import Words, words
from relaxgap.runner.config_files import config_dir, option_names

SIGNS = ("++", "+", "~")
EXPERIMENT, DATA, GRID = "experiment", "data", "grid"
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold a word that may stand at the cursor, and what it is; or that a file may."""

    word: str
    help: str = ""
    is_file: bool = False

    @property
    def kind(self) -> str:
        """What a shell is told of it (`relaxgap.cli.completing.shells`)."""
        if self.is_file:
            return "file"
        return "part" if self.word.endswith(("=", ".")) else "plain"


@dataclass(frozen=True, slots=True)
class Settings:
    """Hold the settings at a place of a config: what a value may be, or the settings inside."""

    values: tuple[str, ...] = ()
    inner: "Mapping[str, Settings]" = field(default_factory=dict)


def override_answers(given: Sequence[str], incomplete: str, folder: Path | None) -> list[Answer]:
    """Return what an override may be that begins like this.

    Parameters
    ----------
    given : sequence of str
        The overrides before it: they choose the experiment and its options.
    incomplete : str
        What there is of it.
    folder : Path or None
        The user's own configs.
    """
    sign = next((one for one in SIGNS if incomplete.startswith(one)), "")
    key, equals, value = incomplete.removeprefix(sign).partition("=")
    config = _Chosen.of(given, folder)
    if equals:
        # of a sweep over values the last one
        before, comma, last = value.rpartition(",")
        found = config.values(key)
        if found is None:
            return [Answer(incomplete, is_file=True)]
        return [
            Answer(f"{sign}{key}={before}{comma}{one}", help_)
            for one, help_ in found
            if one.startswith(last)
        ]
    end = "" if sign == "~" else "="
    keys = config.keys(key, adding=sign.startswith("+"))
    return [Answer(f"{sign}{one}{'' if one.endswith('.') else end}", help_) for one, help_ in keys]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The files that the overrides chose, as far as they can be read."""

    folder: Path | None
    options: Mapping[str, str]
    experiment: Mapping[str, Any]

    @classmethod
    def of(cls, given: Sequence[str], folder: Path | None) -> "_Chosen":
        pairs = [one.partition("=") for one in given]
        asked = {key.lstrip("+"): value for key, equals, value in pairs if equals}
        default = _defaults(_read(config_dir() / "config.yaml"))
        name = asked.get(EXPERIMENT, default.get(EXPERIMENT, ""))
        experiment = _option(EXPERIMENT, name, folder)
        options = {EXPERIMENT: name, **_defaults(experiment)}
        return cls(folder, {g: asked.get(g, options[g]) for g in options}, experiment)

    def values(self, key: str) -> list[tuple[str, str]] | None:
        """Return the values of a setting or a group with what each is; None for a file."""
        if key in self.options:
            names = option_names(key, *([self.folder] if self.folder else []))
            return [(name, _comment(key, name)) for name in names]
        if key == "data.path":
            return None
        place = self.tree()
        for part in key.split("."):
            place = place.inner.get(part, Settings())
        return [(value, "") for value in place.values]

    def keys(self, begun: str, *, adding: bool) -> Iterator[tuple[str, str]]:
        """Yield the keys a level below what is begun; those of sections end with a dot."""
        above, dot, last = begun.rpartition(".")
        if not dot:
            for group in self.options:
                if group.startswith(last):
                    yield group, f"now {self.options[group]}"
        tree = self.tree()
        place = tree
        path = above.split(".") if above else []
        if adding and path[:1] == [GRID]:
            place, path = tree, path[1:]
        for part in path:
            place = place.inner.get(part, Settings())
        for name, settings in place.inner.items():
            if name.startswith(last):
                yield f"{above}{dot}{name}{'.' if settings.inner else ''}", ""

    def tree(self) -> Settings:
        """Return all that the chosen experiment can vary."""
        table = words()
        values = {
            group: _option(group, option, self.folder) for group, option in self.options.items()
        }
        for name, own in self.experiment.items():
            below = values.get(name, {})
            values[name] = {**below, **own} if isinstance(own, dict) else own
        kind = str(values.get(DATA, {}).get("kind", ""))
        name = str(values.get("name", self.options[EXPERIMENT]))
        inner = {
            **_section(table, table.experiments.get(name, ""), values).inner,
            **_section(table, table.common, values).inner,
            DATA: _section(table, table.data.get(kind, ""), values.get(DATA, {})),
            GRID: Settings(inner={str(axis): Settings() for axis in values.get(GRID, {})}),
        }
        return Settings(inner=inner)


def _section(table: Words, kind: str, values: Mapping[str, Any]) -> Settings:
    inner = {}
    for name, setting in table.types.get(kind, {}).items():
        now = values.get(name)
        below: Mapping[str, Any] = now if isinstance(now, dict) else {}
        if setting.by_name:
            named = {str(n): _section(table, setting.section, one) for n, one in below.items()}
            inner[name] = Settings(inner=named)
        elif setting.section:
            inner[name] = _section(table, setting.section, below)
        else:
            set_now = (now,) if isinstance(now, str) and now and " " not in now else ()
            inner[name] = Settings(tuple(dict.fromkeys((*set_now, *setting.values))))
    return Settings(inner=inner)


def _comment(group: str, name: str) -> str:
    """Return the first line on what an option is; nothing of the user's own."""
    path = config_dir() / group / f"{name}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.lstrip("# ") for line in lines if not line.startswith("# @")), "")


def _defaults(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the option of each group that a config chooses."""
    entries = [entry for entry in config.get("defaults", []) if isinstance(entry, dict)]
    pairs = [
        (str(key).split()[-1].strip("/"), value) for one in entries for key, value in one.items()
    ]
    return {group: str(option) for group, option in pairs if group != "schema"}


def _option(group: str, name: str, folder: Path | None) -> dict[str, Any]:
    homes = [*([folder] if folder else []), config_dir()]
    files = (home / group / f"{name}.yaml" for home in homes)
    return next((_read(path) for path in files if path.is_file()), {})


def _read(path: Path) -> dict[str, Any]:
    """Read a config with every value as it is written; nothing of one that cannot be read."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return content if isinstance(content, dict) else {}
