"""How an experiment trains its networks: a protocol and its methods."""

import math
from dataclasses import dataclass, field

from relaxgap.errors import ConfigurationError
from relaxgap.training.specification import TrainingSpec


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Name a protocol and the methods trained under it.

    Parameters
    ----------
    protocol : str
        ``P``: both layers with weight decay; ``L``: first layer only without (Li & Liang).
    methods : dict of str to TrainingSpec
        One curve each, by label.
    """

    protocol: str = "P"
    methods: dict[str, TrainingSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.protocol not in ("L", "P"):
            raise ConfigurationError(
                f"Expected training.protocol L or P, got {self.protocol!r}; choose one."
            )
        for label, spec in self.methods.items():
            if spec.train_output != (self.protocol == "P"):
                raise ConfigurationError(
                    f"Expected train_output={self.protocol == 'P'} under protocol "
                    f"{self.protocol}, got {spec.train_output} for {label!r}; never mix them."
                )


@dataclass(frozen=True, slots=True)
class ScaledTrainingPlan(TrainingPlan):
    """Repeat every method of a plan from scaled starts and with scaled steps.

    Parameters
    ----------
    init_scales, step_factors : tuple of float
        Factors of the initial weights and of the step size of every method, each with each.
    """

    init_scales: tuple[float, ...] = (1.0,)
    step_factors: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        # super() without arguments does not work in a dataclass with slots
        TrainingPlan.__post_init__(self)
        for name, factors in (
            ("init_scales", self.init_scales),
            ("step_factors", self.step_factors),
        ):
            if not factors or not all(math.isfinite(f) and f > 0.0 for f in factors):
                raise ConfigurationError(
                    f"Expected positive, finite training.{name}, got {list(factors)}; use [1]."
                )
