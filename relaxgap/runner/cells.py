"""From the checked configs of a grid to frozen cells and their keys."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.experiment import Experiment
from relaxgap.experiments.parts.cell import Cell
from relaxgap.runner.config import DATA_SOURCES, data_source
from relaxgap.runner.schema import SCALARS, frozen_setting, plain

KINDS = {source: kind for kind, source in DATA_SOURCES.items()}


def cell_key(experiment: Experiment, cell: Cell[Any]) -> str:
    """Return the hash of everything that decides a cell's numbers, and of nothing else."""
    settings = cell.settings
    parts = {f.name: _canonical(getattr(settings, f.name)) for f in dataclasses.fields(settings)}
    return _key(experiment, cell, parts, _canonical(cell.data), cell.data.fingerprint())


@dataclass(frozen=True, slots=True)
class _Part:
    """A section, its frozen value, that as canonical JSON, and the digests of its files."""

    section: Any
    value: Any
    text: str
    files: list[str]


@dataclass(frozen=True, slots=True)
class CellsOfGrid:
    """Make the cells of one grid; a section that its configs share is frozen and written once.

    Parameters
    ----------
    experiment : Experiment
        What the cells are of.
    """

    experiment: Experiment
    _parts: dict[tuple[str, int], _Part] = field(default_factory=dict)

    def make(self, config: Mapping[str, Any]) -> tuple[Cell[Any], str]:
        """Build the frozen cell of a checked config, and its key; range checks run here.

        Raises
        ------
        ConfigurationError
            If a value is out of range.
        """
        spec = self.experiment.settings
        try:
            data = self._part("data", config["data"])
            own = {f.name: self._part(f.name, config[f.name]) for f in dataclasses.fields(spec)}
            settings = spec(**{name: part.value for name, part in own.items()})
            cell = Cell(data.value, settings, config["seed"], config["data_seed"])
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        texts = {name: part.text for name, part in own.items()}
        return cell, _key(self.experiment, cell, texts, data.text, data.files)

    def _part(self, name: str, section: Any) -> _Part:
        # configs that differ elsewhere hold the same object; the part keeps it from being replaced
        identity = name, id(section)
        if identity in self._parts:
            return self._parts[identity]
        part = self._made(name, section)
        if type(section) not in SCALARS:
            self._parts[identity] = part
        return part

    def _made(self, name: str, section: Any) -> _Part:
        if name == "data":
            source = data_source(section)
            return _Part(section, source, _canonical(source), source.fingerprint())
        value = frozen_setting(self.experiment.settings, name, section)
        return _Part(section, value, _canonical(value), [])


def _key(
    experiment: Experiment,
    cell: Cell[Any],
    settings: Mapping[str, str],
    data: str,
    files: Sequence[str],
) -> str:
    """Hash the canonical JSON of a cell, most of whose parts are written already."""
    content = {
        "experiment": experiment.name,
        "results_version": experiment.results_version,
        "kind": KINDS[type(cell.data)],
        "files": list(files),
        "seed": cell.seed,
        "data_seed": cell.data_seed,
    }
    parts = {name: _canonical(value) for name, value in content.items()}
    canonical = _mapping({**parts, "settings": _mapping(settings), "data": data})
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]


def _canonical(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"))


def _mapping(texts: Mapping[str, str]) -> str:
    """Return the canonical JSON of a mapping whose values are written already."""
    return "{" + ",".join(f'"{name}":{texts[name]}' for name in sorted(texts)) + "}"
