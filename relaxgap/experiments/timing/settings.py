"""Which solvers a benchmark times, to which accuracy and under which limits."""

from dataclasses import dataclass

from relaxgap.errors import ConfigurationError
from relaxgap.solvers.references import REFERENCES
from relaxgap.solvers.registry import NAMES

CONIC_SOLVERS = REFERENCES
DENSE = "dense_interior_point"
PEERS = ("pyscnn", "cronos")
"""Each runs in the Python of an environment of its own."""
SOLVERS = (*NAMES, DENSE, *PEERS)


@dataclass(frozen=True, slots=True)
class Repetition:
    """Say how often to time the same work, and with how many threads.

    Parameters
    ----------
    repeats : int
        Trainings of one kind; the median counts.
    threads : int
        BLAS threads of each process.
    """

    repeats: int = 5
    threads: int = 1

    def __post_init__(self) -> None:
        _at_least_one(repeats=self.repeats, threads=self.threads)


@dataclass(frozen=True, slots=True)
class BenchmarkSettings:
    """Say which solvers to time and under which limits; the limits are the same for all.

    Parameters
    ----------
    solvers : tuple of str
        Any of ``semismooth_newton``, ``column_generation``, ``clarabel``, ``ecos``, ``scs``,
        ``dense_interior_point`` (Clarabel on the form that Theorem 2 counts), ``pyscnn`` and
        ``cronos``.
    tolerances : tuple of float
        Relative errors to reach, loosest first; a solve from scratch for each.
    repeats : int
        Solves of one tolerance, if the first takes less than 5 s; the median counts.
    time_limit_seconds : float
        Limit of one solve. A solver that exceeds it is not asked for a tighter tolerance.
    memory_limit_gigabytes : float
        Address space of a solver's process.
    largest_conic : int
        Entries of the constraint matrix above which no generic conic solver is started:
        ``n d P`` for a gated, ``4 n d P`` for a cone-constrained program. Of the dense method
        those of its quadratic objective, ``(d P)^2`` and ``(2 d P)^2``.
    scnn_python, cronos_python : str
        Python with the package pyscnn, and one with JAX, in environments of their own.
    cronos_source : str
        Folder of a checkout of CRONOS, which is not on the package index.
    threads : int
        BLAS threads of each solver.
    """

    solvers: tuple[str, ...] = SOLVERS[:-1]
    tolerances: tuple[float, ...] = (1e-3, 1e-6)
    repeats: int = 3
    time_limit_seconds: float = 40.0
    memory_limit_gigabytes: float = 16.0
    largest_conic: int = 20_000_000
    scnn_python: str = ".venv-pyscnn/bin/python"
    cronos_python: str = ".venv-cronos/bin/python"
    cronos_source: str = ".cronos"
    threads: int = 1

    def __post_init__(self) -> None:
        unknown = [name for name in self.solvers if name not in SOLVERS]
        if unknown or not self.solvers:
            raise ConfigurationError(
                f"Expected benchmark.solvers among {', '.join(SOLVERS)}, got "
                f"{unknown[0] if unknown else 'none'!r}; choose from them."
            )
        if not self.tolerances or any(not 1e-10 <= value < 1.0 for value in self.tolerances):
            raise ConfigurationError(
                f"Expected benchmark.tolerances in [1e-10, 1), got {list(self.tolerances)}; "
                "double precision certifies no less."
            )
        if sorted(self.tolerances, reverse=True) != list(self.tolerances):
            raise ConfigurationError(
                f"Expected benchmark.tolerances loosest first, got {list(self.tolerances)}; "
                "sort them, since a time-out ends the list."
            )
        _at_least_one(repeats=self.repeats, largest_conic=self.largest_conic, threads=self.threads)
        for name in ("time_limit_seconds", "memory_limit_gigabytes"):
            if not getattr(self, name) > 0.0:
                raise ConfigurationError(
                    f"Expected a positive benchmark.{name}, got {getattr(self, name)}; raise it."
                )


def _at_least_one(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise ConfigurationError(f"Expected benchmark.{name} >= 1, got {count}; raise it.")
