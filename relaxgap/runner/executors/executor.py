"""What the runner asks of whatever runs its cells."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from relaxgap.errors import RelaxgapError
from relaxgap.runner.execute import Outcome
from relaxgap.runner.grid import GridPoint
from relaxgap.runner.store import CellStore


class EndedEarlyError(RelaxgapError):
    """What runs the cells is gone; those that finished are stored."""


@runtime_checkable
class Executor(Protocol):
    """Run cells somewhere; what they give does not depend on where."""

    def running(
        self, points: Sequence[GridPoint], store: CellStore
    ) -> AbstractContextManager[Iterator[Outcome]]:
        """Start workers and yield the outcomes as cells end; stop the workers with the block.

        A cell is stored before its outcome is yielded, and comes once. What is at work when the
        block is left is given up.

        Parameters
        ----------
        points : sequence of GridPoint
            At least one, in the order in which they are started.
        store : CellStore
            Where finished cells and tracebacks go.

        Raises
        ------
        ConfigurationError
            On entry, if there is nothing to run cells on.
        EndedEarlyError
            From the outcomes, if cells cannot go on.
        """
