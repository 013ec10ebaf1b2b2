"""The one table of bounds, and which of them run when."""

from dataclasses import dataclass

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bounds.branch_and_bound import BRANCH_AND_BOUND
from relaxgap.global_optimum.bounds.closed_form import CLOSED_FORM
from relaxgap.global_optimum.bounds.enumeration import ENUMERATION, is_quick
from relaxgap.global_optimum.bounds.maxcut import MAXCUT
from relaxgap.global_optimum.bounds.pair import PAIR, has_many_rows
from relaxgap.global_optimum.bounds.semidefinite import SEMIDEFINITE
from relaxgap.global_optimum.bounds.spectral import SPECTRAL
from relaxgap.global_optimum.bounds.sphere import SPHERE
from relaxgap.problems.losses import SQUARED, Loss

OPENING = CLOSED_FORM
"""The bound that comes first, whichever is chosen."""

BOUNDS: tuple[Bound, ...] = (
    CLOSED_FORM,
    MAXCUT,
    ENUMERATION,
    SPHERE,
    SPECTRAL,
    PAIR,
    SEMIDEFINITE,
    BRANCH_AND_BOUND,
)

AUTO = "auto"
"""Choose by size, and go from one bound to the next until the gap is reached."""

CERTIFICATE_NAMES: tuple[str, ...] = (AUTO, *(bound.name for bound in BOUNDS))
"""What may be asked for by name."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Say which bounds run first, before and after the search for networks, in order."""

    first: tuple[Bound, ...]
    before_search: tuple[Bound, ...]
    after_search: tuple[Bound, ...]


def refuse_certificate(name: str, loss: Loss) -> None:
    """Raise `ConfigurationError` for a bound of the squared loss only where the loss is another."""
    able = [bound.name for bound in BOUNDS if not bound.squared_only]
    if loss.name != SQUARED.name and name not in (AUTO, *able):
        raise ConfigurationError(
            f"Expected a certificate of {', '.join((AUTO, *able))} for the {loss.name} loss, got "
            f"{name!r}, which relaxes fit and dual point of the squared loss together; choose one "
            "of these."
        )


def schedule(name: str, data: Dataset, loss: Loss = SQUARED) -> Schedule:
    """Return the bounds to run for a certificate of `CERTIFICATE_NAMES`, after the opening one."""
    refuse_certificate(name, loss)
    if name != AUTO:
        return Schedule((), (), tuple(b for b in BOUNDS if b.name == name and b is not OPENING))
    if loss.name != SQUARED.name:
        if is_quick(data):
            return Schedule((ENUMERATION,), (), ())
        able = (bound for bound in (ENUMERATION, SPHERE, PAIR, MAXCUT) if bound.suits(data))
        return Schedule((), (), (next(able),))
    if is_quick(data):
        return Schedule((ENUMERATION,), (), (BRANCH_AND_BOUND,))
    if ENUMERATION.suits(data):
        return Schedule((), (), (ENUMERATION, BRANCH_AND_BOUND))
    if SPHERE.suits(data):
        return Schedule((), (), (SPHERE, BRANCH_AND_BOUND))
    # these need no better network than one that descended
    if PAIR.suits(data) and has_many_rows(data):
        return Schedule((), (PAIR,), (BRANCH_AND_BOUND,))
    return Schedule((), (SPECTRAL,), (BRANCH_AND_BOUND,))


def meanings() -> str:
    """Return the sentence that says what the name of a certificate stands for."""
    ways = "; ".join(f"{bound.name}: {bound.meaning}" for bound in BOUNDS)
    return f"How the lower bound was proven. {ways}."
