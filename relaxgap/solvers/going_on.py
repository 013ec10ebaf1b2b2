"""Go on by one method from where another got stuck, with the better of all bounds."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from relaxgap.solvers.base import Solution, Status, with_better_bounds


def going_on(
    first: Iterator[Solution],
    stuck: Collection[Status],
    then: Callable[[Solution], Iterator[Solution]],
    rtol: float,
) -> Iterator[Solution]:
    """Yield the rounds of one way, and of another from where the first got stuck.

    Parameters
    ----------
    first : iterator of Solution
    stuck : collection of Status
        Ends of the first after which the other begins.
    then : callable
        Returns the rounds of the other, from a solution.
    rtol : float
        Relative gap to reach.
    """
    for best in first:
        if best.status in stuck:
            break
        yield best
    else:
        return
    for found in then(best):
        best = with_better_bounds(best, found.point, found.certificate, found.n_iterations)
        # the better of both may reach the gap before the second way alone does
        done = best.certificate.relative_gap <= rtol
        best = replace(best, status=Status.SOLVED if done else found.status)
        yield best
        if done:
            return
