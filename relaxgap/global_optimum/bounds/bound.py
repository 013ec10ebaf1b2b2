"""What a way to a lower bound says of itself and does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.numerics.clock import Deadline


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """Name a way to prove a lower bound of the optimum over all patterns.

    Parameters
    ----------
    name : str
        What ``--certificate`` and results call it.
    meaning : str
        What proves the dual constraint over all directions, to follow "proven by".
    meant_for : str
        Which problems it is meant for, in a phrase; one that is only right for the squared loss
        says so.
    suits : callable
        Whether data are of a size it is meant for.
    improve : callable
        Raise the lower side of a bracket: a generator that does a piece of work and hands control
        back, so that whoever runs it can look at the clock and at the bracket. All that runs under
        it minds the deadline.
    squared_only : bool
        Whether it relaxes fit and dual point of the squared loss together. All others take a dual
        point of any loss and bound its price, which is the same for every loss.
    """

    name: str
    meaning: str
    meant_for: str
    suits: Callable[[Dataset], bool]
    improve: Callable[[Bracket, Deadline], Iterator[None]]
    squared_only: bool = False


def any_size(data: Dataset) -> bool:
    """Suit data of every size."""
    return True
