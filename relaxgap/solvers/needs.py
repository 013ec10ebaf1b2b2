"""What a solver needs of a program's parts, told in one sentence where a part lacks it."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from relaxgap.errors import ConfigurationError
from relaxgap.problems.families import Family
from relaxgap.problems.program import Program

T = TypeVar("T")


def refuse_unless_met(solver: str, needs: Sequence[str], program: Program) -> None:
    """Raise `ConfigurationError` unless the program's parts have what a solver needs.

    Parameters
    ----------
    solver : str
        Its name.
    needs : sequence of str
        ``part.method``, as in ``loss.conjugate`` or ``family.project``.
    program : Program
        The program to solve.
    """
    for need in needs:
        name, _, method = need.partition(".")
        part = getattr(program, name)
        if not hasattr(part, method):
            raise ConfigurationError(
                f"Expected a {name} with the method {method} for the solver {solver}, got the "
                f"{name} {part.name}, which has none; choose another solver."
            )


def for_family(solver: str, table: Mapping[str, T], family: Family) -> T:
    """Return a solver's entry for a family, by its name.

    Raises
    ------
    ConfigurationError
        If the solver does not know it.
    """
    if family.name not in table:
        raise ConfigurationError(
            f"Expected a program of the family {' or '.join(table)} for the solver {solver}, got "
            f"{family.name}; choose another solver."
        )
    return table[family.name]
