"""Train narrow networks of one column: what ``solve`` does with the program ``narrow``."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from relaxgap.analysis.bracketing import OnBracket
from relaxgap.analysis.inputs import as_float64, dataset_of, loss_of
from relaxgap.analysis.one_column import OneColumn
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import Regularisation
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.numerics.backend import NUMPY, Backend
from relaxgap.numerics.clock import Deadline
from relaxgap.problems.one_column import DEFAULT_DEPTH, NAME
from relaxgap.solvers.kinks.rounds import KINKS


def asks_for_narrow(program: str, depth: int | None) -> bool:
    """Whether a problem is one of narrow networks.

    Raises
    ------
    ConfigurationError
        If a depth is given with another program.
    """
    if depth is not None and program != NAME:
        raise ConfigurationError(
            f"Expected no depth for the program {program}, got {depth!r}; drop it, or take the "
            f"program {NAME}."
        )
    return program == NAME


def solve_narrow(
    X: Any,
    y: Any,
    strength: Regularisation,
    depth: int | None,
    loss: tuple[str, str | None],
    rtol: float,
    time_limit: float | None,
    backend: Backend,
    given: Mapping[str, Any],
    *,
    threads: int,
    on_progress: OnBracket,
) -> SolveResult:
    """Find parallel narrow networks of least training loss, with a bracket.

    Parameters
    ----------
    X : (n,) or (n, 1) array
        The column.
    y : (n,) array
        Labels.
    strength : Regularisation
        ``beta``, or a fraction of the least at which a constant is optimal.
    depth : int, optional
        Layers of weights, 3 by default.
    loss : tuple
        Its name, and the class that is +1 against the rest.
    rtol, time_limit, backend, threads, on_progress
        As for `relaxgap.solve`.
    given : mapping of str to object
        Other arguments by name, as far as they are to be refused: their usual values are
        ``all`` for ``patterns``, None and False.

    Raises
    ------
    DataError, ConfigurationError
        As `relaxgap.solve`.
    """
    # what it checks of accuracy and time holds here too
    GlobalSolver(rtol, time_limit)
    usual = {"patterns": ("all",), "solver": (None, KINKS), "penalise": (None, "weights")}
    for argument, value in given.items():
        if not any(value is some or value == some for some in usual.get(argument, (None, False))):
            raise ConfigurationError(
                f"Expected no {argument} for narrow networks, got {value!r}; leave it out: their "
                "biases are free, all patterns are priced, and rows may be scaled before."
            )
    if backend != NUMPY:
        raise ConfigurationError(
            "Expected the backend numpy in float64 for narrow networks, got another; leave out "
            "backend, device and dtype."
        )
    layers = DEFAULT_DEPTH if depth is None else depth
    if not isinstance(layers, Integral) or isinstance(layers, bool):
        raise ConfigurationError(
            f"Expected a whole number as depth, got {layers!r}; give for example 3."
        )
    x, (name, against_rest) = as_float64(X, "X"), loss
    of_fit = loss_of(name)
    data, classes = dataset_of(x[:, None] if x.ndim == 1 else x, y, of_fit, against_rest)
    column = OneColumn.narrow(data, classes, of_fit, int(layers))
    return column.solved(strength, rtol, Deadline.after(time_limit), threads, on_progress)
