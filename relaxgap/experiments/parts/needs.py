"""What a shared part needs of an experiment's settings: any that have these fields will do."""

from typing import Protocol

from relaxgap.experiments.parts.gates import GateSampling, SamplingAndEnumeration
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan, TrainingPlan


class Regularised(Protocol):
    """Settings of an experiment on regularised training."""

    @property
    def regularisation(self) -> Regularisation:
        """The strength."""


class Solving(Regularised, Protocol):
    """Settings of an experiment that solves convex programs."""

    @property
    def solver(self) -> SolverSettings:
        """The solver."""


class Sampling(Protocol):
    """Settings of an experiment that solves programs over samples of gates."""

    @property
    def patterns(self) -> GateSampling:
        """How many gates."""

    @property
    def solver(self) -> SolverSettings:
        """The solver."""


class Starting(Protocol):
    """Settings of an experiment that draws initial networks."""

    @property
    def networks(self) -> NetworkSettings:
        """Their widths and starts."""


class Training(Regularised, Starting, Protocol):
    """Settings of an experiment that trains networks from scaled starts with scaled steps."""

    @property
    def training(self) -> ScaledTrainingPlan:
        """The protocol and its methods."""


class Contending(Solving, Starting, Protocol):
    """Settings of an experiment that measures relaxations and trained networks side by side."""

    @property
    def patterns(self) -> GateSampling | SamplingAndEnumeration:
        """The gates of the relaxations."""

    @property
    def training(self) -> TrainingPlan:
        """The protocol and its methods."""
