r"""What certificates and solvers read of a loss.

A loss :math:`\ell` is convex and at least 0. The dual of every program is

.. math:: \max_\nu -\ell^*(-\nu) \quad \text{s.t. the price of every block is at most } \beta,

so the loss decides the dual objective and nothing of the constraints. The point zero is feasible
and its dual value is 0.
"""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float64

from relaxgap.numerics.backend import Array


@runtime_checkable
class Loss(Protocol):
    """What a certificate reads of a loss; ``fit``, ``y`` and ``nu`` are (n,)."""

    @property
    def name(self) -> str:
        """What errors call it, and what it is looked up by."""
        ...

    @property
    def of_classes(self) -> bool:
        """Whether it is one of two classes, whose labels are -1 and +1, and of no other labels."""
        ...

    def value(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        r"""Return :math:`\ell(\text{fit})`."""
        ...

    def dual_point(self, fit: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        r"""Return :math:`-\nabla \ell(\text{fit})`, the dual point of a fit.

        Where the loss has a kink it is minus any subgradient.
        """
        ...

    def into_domain(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
        """Return a dual point that some scale puts into the domain of the dual value.

        Of ``nu`` itself, or one near it: solvers end on both sides of an edge.
        """
        ...

    def dual_value(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> float:
        r"""Return :math:`-\ell^*(-\nu)`; minus infinity outside of its domain."""
        ...

    def best_scale(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], limit: float
    ) -> tuple[float, float]:
        """Return the scale in [0, ``limit``] of largest dual value, or near it, and that value.

        A scale of 0 says that no multiple of ``nu`` beats the dual point zero.
        """
        ...

    def value_error(
        self, fit: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"], distance: float
    ) -> float:
        """Bound how much the value can rise if the fit moves by this Euclidean distance.

        Rounding of `value` that is not relative to it counts too, at distance 0 as well.
        """
        ...

    def dual_rounding(self, nu: Float64[np.ndarray, " n"], y: Float64[np.ndarray, " n"]) -> float:
        """Bound the rounding of `dual_value` in float64."""
        ...

    def label_unit(self, y: Float64[np.ndarray, " n"]) -> float:
        """Return the unit in which a solver may measure labels and fits; 1 if they have none.

        In units of ``c`` the loss must be :math:`c^2` times that of the scaled labels and fit.
        """
        ...


@runtime_checkable
class SmoothConjugate(Protocol):
    """What a Newton method on the dual needs beside `Loss`; arrays are the backend's.

    The conjugate is strictly convex and twice differentiable inside of its domain. If that is not
    everything, its gradient grows without bound towards the edge, and the dual point of every fit
    lies inside: a loss whose conjugate ends at a finite slope, like Huber's or the hinge, has none
    of these methods, so that the method is another one (`Smoothable`, `ConicLoss`).
    """

    def conjugate(self, nu: Float[Array, " n"], y: Float[Array, " n"]) -> Any:
        r"""Return :math:`\ell^*(-\nu)`, a scalar; infinite or NaN outside of its domain."""
        ...

    def conjugate_gradient(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """Return the gradient of `conjugate` in ``nu``."""
        ...

    def conjugate_curvature(
        self, nu: Float[Array, " n"], y: Float[Array, " n"]
    ) -> Float[Array, " n"] | float:
        """Return the diagonal of its Hessian, or the one number that all entries are."""
        ...


@runtime_checkable
class CurvedDomain(Protocol):
    """What a loss may have beside `SmoothConjugate` whose conjugate ends: steps that stay inside.

    Straight steps from afar meet the edge in one sample and are cut short in all.
    """

    def moved(
        self, nu: Float[Array, " n"], y: Float[Array, " n"], step: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """Return ``nu + step`` to first order, inside of the domain whatever both are."""
        ...


@runtime_checkable
class NewtonLoss(Loss, SmoothConjugate, Protocol):
    """A loss with a smooth conjugate."""


@runtime_checkable
class BoundedCurvature(SmoothConjugate, Protocol):
    """A loss with a smooth conjugate whose own second derivative is nowhere large."""

    @property
    def largest_curvature(self) -> float:
        """Largest second derivative of the loss in the fit of one sample."""
        ...


@runtime_checkable
class Smoothable(Protocol):
    """What a loss with kinks may have beside `Loss`: smooth ones as near to it as one likes."""

    def smoothed(self, width: float) -> NewtonLoss:
        """Return a smooth loss, from this one to it plus a multiple of ``width`` a sample."""
        ...


@runtime_checkable
class TrainingLoss(Loss, Protocol):
    """What gradient methods need beside `Loss`, for the fits of many networks at once."""

    def values(
        self, fits: Float64[np.ndarray, "R n"], y: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " R"]:
        """Return the loss of every fit."""
        ...

    def to_gradient(self, fits: Float[Array, "R n"], y: Float[Array, " n"]) -> None:
        """Turn fits, in place, into the gradients of the loss there."""
        ...

    def values_of_gradients(self, gradients: Float[Array, "R n"]) -> Float[Array, " R"] | None:
        """Return the losses where their gradients determine them; None where they do not."""
        ...


@runtime_checkable
class ConicLoss(Protocol):
    """What a generic conic solver needs beside `Loss`."""

    def conic(self, residual: Any, unit: float, y: Float64[np.ndarray, " n"]) -> Any:
        """Return the loss over ``unit`` as a CVXPY expression, at ``y - fit = unit * residual``."""
        ...
