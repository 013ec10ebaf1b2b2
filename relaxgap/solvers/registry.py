"""Every solver by name: what it is, what it can do, what it needs and how to make it.

This table, with the conic solvers of `references`, is the only place that lists names: the command
line, the settings of experiments and ``relaxgap list`` read it. Nothing heavy is imported before a
solver is made.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relaxgap.errors import ConfigurationError
from relaxgap.solvers.references import INSTALL, REFERENCES

if TYPE_CHECKING:
    from relaxgap.numerics.backend import Backend
    from relaxgap.solvers.base import Solver

DEFAULT = "semismooth_newton"


@dataclass(frozen=True, slots=True)
class SolverEntry:
    """Describe a solver.

    Parameters
    ----------
    meaning : str
        One line.
    build : callable
        Makes it from ``rtol`` and the backend.
    takes_backend : bool
        Whether it computes on other arrays than NumPy's in float64.
    package : str
        What has to be importable beside the required packages, if anything.
    install : str
        How to get that.
    """

    meaning: str
    build: "Callable[[float, Backend], Solver]"
    takes_backend: bool = False
    package: str = ""
    install: str = ""

    @property
    def is_reference(self) -> bool:
        """Whether it is a generic conic solver, which sees every pattern at once."""
        return bool(self.package)

    @property
    def is_installed(self) -> bool:
        """Whether the package that it needs is there."""
        return not self.package or importlib.util.find_spec(self.package) is not None

    @property
    def state(self) -> str:
        """What ``relaxgap list`` says of it."""
        if not self.is_reference:
            return self.meaning
        return f"{self.meaning}, {'installed' if self.is_installed else f'missing: {self.install}'}"


def _newton(rtol: float, backend: "Backend") -> "Solver":
    from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton

    return SemismoothNewton(rtol, backend=backend)


def _column_generation(rtol: float, backend: "Backend") -> "Solver":
    from relaxgap.solvers.column_generation import ColumnGeneration

    return ColumnGeneration(rtol)


def _conic(name: str, install: str) -> SolverEntry:
    def build(rtol: float, backend: "Backend") -> "Solver":
        from relaxgap.solvers.conic import ConicSolver

        return ConicSolver(name, rtol)  # type: ignore[arg-type]

    return SolverEntry("reference", build, package=name, install=install)


SOLVERS: Mapping[str, SolverEntry] = {
    "semismooth_newton": SolverEntry(
        "the default: second-order, with a Newton system of size n",
        _newton,
        takes_backend=True,
    ),
    "column_generation": SolverEntry(
        "any number of patterns: a small conic program, then a price of them all",
        _column_generation,
    ),
    **{name: _conic(name, install) for name, install in INSTALL.items()},
}
NAMES = tuple(SOLVERS)


def make(name: str, rtol: float, backend: "Backend | None" = None) -> "Solver":
    """Make a solver from its name and how well it is to solve.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    rtol : float
        Relative duality gap to reach.
    backend : Backend, optional
        Arrays to compute on; by default NumPy's, in float64.

    Raises
    ------
    ConfigurationError
        If the name is unknown, or the solver cannot do what is asked of it.
    MissingSolverError
        If its package is not installed.
    """
    from relaxgap.numerics.backend import NUMPY

    if name not in SOLVERS:
        raise ConfigurationError(
            f"Expected a solver out of {', '.join(NAMES)}, got {name!r}; choose one by name."
        )
    entry = SOLVERS[name]
    backend = backend or NUMPY
    if backend != NUMPY and not entry.takes_backend:
        raise only_on_numpy(f"solver {name}", backend)
    return entry.build(rtol, backend)


def make_for_any_size(name: str, rtol: float) -> "Solver":
    """Make a solver for pattern sets of any size; a reference is the master of column generation.

    Raises
    ------
    ConfigurationError
        If the name is unknown or ``rtol`` out of range.
    MissingSolverError
        If its package is not installed.
    """
    if name not in REFERENCES:
        return make(name, rtol)
    from relaxgap.solvers.column_generation import ColumnGeneration, master_rtol

    return ColumnGeneration(rtol, make(name, master_rtol(rtol)))


def only_on_numpy(work: str, backend: "Backend") -> ConfigurationError:
    """Word the error for work that other arrays cannot do."""
    able = ", ".join(name for name, entry in SOLVERS.items() if entry.takes_backend)
    return ConfigurationError(
        f"Expected numpy, cpu and float64 for {work}, got {backend.name}, {backend.device} and "
        f"{backend.dtype}; take solver {able}."
    )
