"""What an experiment says of itself; its drawer is opened when something in it is asked for."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any


@dataclass(frozen=True, slots=True)
class Experiment:
    """Describe an experiment whose drawer is a package with fixed names in it.

    ``cell.py`` holds ``Settings``, ``Record`` and ``run``; ``figure.py`` holds ``FIGURES``
    and ``table``. Neither is imported before it is needed.

    Parameters
    ----------
    drawer : str
        Name of the package; its last part is the name of the experiment.
    shows : str
        One line for `relaxgap list`.
    claims : tuple of str
        What the figure is about, one row each in the table of claims.
    results_version : int
        Bumped by hand when the numbers of a cell change, which makes cached cells stale.
    optional : str
        Column that names what may not be installed everywhere; measured rows are kept where it is
        not.
    """

    drawer: str
    shows: str
    claims: tuple[str, ...]
    results_version: int = 1
    optional: str = ""

    @property
    def name(self) -> str:
        """Name of the experiment, of its config and of the folder of its results."""
        return self.drawer.rpartition(".")[2]

    @property
    def settings(self) -> type[Any]:
        """Frozen dataclass of what this experiment can vary, besides data and seeds."""
        settings: type[Any] = self._cell_module().Settings
        return settings

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the fields of ``Record``, in order."""
        return tuple(field.name for field in fields(self._cell_module().Record))

    @property
    def figure(self) -> ModuleType:
        """Module that draws the figures and makes the table."""
        return importlib.import_module(f"{self.drawer}.figure")

    @property
    def run(self) -> Callable[[Any], Sequence[Any]]:
        """Pure function from a ``Cell`` to its records."""
        run: Callable[[Any], Sequence[Any]] = self._cell_module().run
        return run

    def _cell_module(self) -> ModuleType:
        return importlib.import_module(f"{self.drawer}.cell")
