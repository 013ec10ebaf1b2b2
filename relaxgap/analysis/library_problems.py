"""What other libraries minimise, in the terms of this one: a strength and which biases cost."""

import math
from dataclasses import dataclass

from relaxgap.errors import ConfigurationError
from relaxgap.problems.losses import Loss, is_smooth


@dataclass(frozen=True, slots=True)
class LibraryProblem:
    """Give the strength of weight decay in the words of another library, at most one of them.

    Parameters
    ----------
    sklearn_alpha : float, optional
        ``alpha`` of ``MLPRegressor`` and ``MLPClassifier``: the loss is a mean over samples, with
        half the squared error, and alpha / (2 n) times the squares of weights, biases left out.
    torch_weight_decay : float, optional
        ``weight_decay`` of an optimiser of PyTorch but AdamW, for the mean over samples of
        ``MSELoss``, of ``BCEWithLogitsLoss`` or of the hinge loss, on all parameters.
    """

    sklearn_alpha: float | None = None
    torch_weight_decay: float | None = None

    @property
    def penalise(self) -> str | None:
        """Which biases the library's problem penalises; None if none is named."""
        if self.sklearn_alpha is not None:
            return "weights"
        return None if self.torch_weight_decay is None else "all"

    def strength(
        self, beta: float | None, beta_fraction: float | None, n: int, loss: Loss
    ) -> float | None:
        """Return beta, that of the library where one is named.

        Raises
        ------
        ConfigurationError
            If another strength is given too, or this one is not positive and finite.
        """
        given = {
            "beta": beta,
            "beta_fraction": beta_fraction,
            "sklearn_alpha": self.sklearn_alpha,
            "torch_weight_decay": self.torch_weight_decay,
        }
        named = {name: value for name, value in given.items() if value is not None}
        if self.penalise is None:
            return beta
        if len(named) > 1:
            raise ConfigurationError(
                f"Expected one strength, got {' and '.join(named)}; drop all but one."
            )
        ((name, value),) = named.items()
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not (is_number and value > 0.0 and math.isfinite(value)):
            raise ConfigurationError(f"Expected a positive, finite {name}, got {value}; raise it.")
        if self.sklearn_alpha is not None:
            if not is_smooth(loss):
                raise ConfigurationError(
                    f"Expected the squared or the logistic loss with sklearn_alpha, got {loss.name}"
                    ", which scikit-learn's networks have not; take another loss, or give beta."
                )
            return value
        # n times a mean of squares is twice our sum of halves
        return n * value if loss.of_classes else 0.5 * n * value

    def agreed(self, penalise: str | None) -> str | None:
        """Return which biases cost, as asked for or as the library has it.

        Raises
        ------
        ConfigurationError
            If the library's problem is another one.
        """
        own = self.penalise
        if own is None or penalise in (None, own):
            return own or penalise
        name = "sklearn_alpha" if self.sklearn_alpha is not None else "torch_weight_decay"
        raise ConfigurationError(
            f"Expected penalise={own} with {name}, which is what that library minimises, got "
            f"penalise={penalise}; drop one, or give beta."
        )
