"""What a cell is made of: checked settings of programs, patterns, solvers and training."""

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.local_pricing import estimate_beta_max
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.numerics.limits import MAX_LISTED_PATTERNS
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems import PROGRAMS
from relaxgap.solvers.base import Solver
from relaxgap.solvers.column_generation import ColumnGeneration, master_rtol
from relaxgap.solvers.conic import ConicSolver
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton
from relaxgap.training.specification import TrainingSpec

SIZE_RULE = re.compile(r"\s*(?P<factor>\d+(\.\d+)?)?\s*\*?\s*(?P<growth>log n|n|m\*)?\s*")


def size_of(rule: str, n: int, critical_width: int | None = None) -> int:
    """Evaluate a size rule such as ``64``, ``n``, ``2 n``, ``8 log n`` or ``2 m*``.

    The size is rounded up and at least 1; ``m*`` is the critical width, where one is known.

    Raises
    ------
    ConfigurationError
        If the rule has another form, gives less than one or needs an unknown critical width.
    """
    match = SIZE_RULE.fullmatch(rule)
    if match is None or not rule.strip():
        raise ConfigurationError(
            f"Expected a size such as 64, 'n', '2 n', '8 log n' or '2 m*', got {rule!r}; use that "
            "form."
        )
    if match["growth"] == "m*" and critical_width is None:
        raise ConfigurationError(
            f"Expected a size in terms of n, got {rule!r}; only landscape_width knows m*."
        )
    factor = float(match["factor"] or 1.0)
    growth = {"log n": math.log(n), "n": float(n), "m*": float(critical_width or 1), None: 1.0}[
        match["growth"]
    ]
    if factor <= 0.0:
        raise ConfigurationError(f"Expected a positive size, got {rule!r}; raise its factor.")
    return max(1, math.ceil(factor * growth))


@dataclass(frozen=True, slots=True)
class Regularisation:
    """Give ``beta`` absolutely or as a fraction of the critical regularisation, exactly one.

    Parameters
    ----------
    beta : float or None
        Absolute strength.
    beta_fraction : float or None
        Fraction of ``beta_max`` over all patterns.
    program : str
        Whose ``beta_max`` is the unit of the fraction: ``relu`` or ``gated``.
    """

    beta: float | None = None
    beta_fraction: float | None = 0.1
    program: str = "relu"

    def __post_init__(self) -> None:
        if (self.beta is None) == (self.beta_fraction is None):
            raise ConfigurationError(
                f"Expected exactly one of beta and beta_fraction, got beta={self.beta} and "
                f"beta_fraction={self.beta_fraction}; set the other one to null."
            )
        for name, value in (("beta", self.beta), ("beta_fraction", self.beta_fraction)):
            if value is not None and not (value > 0.0 and math.isfinite(value)):
                raise ConfigurationError(
                    f"Expected a positive, finite {name}, got {value}; raise {name}."
                )
        if self.program not in PROGRAMS:
            raise ConfigurationError(
                f"Expected regularisation.program in {sorted(PROGRAMS)}, got {self.program!r}."
            )

    def resolve(self, data: Dataset, patterns: PatternSet) -> float:
        """Return the absolute ``beta``; a fraction is one of ``beta_max`` over ``patterns``.

        Raises
        ------
        ConfigurationError
            If ``beta_max`` is zero (``X`` or ``y`` vanishes), so that no fraction is positive.
        """
        if self.beta_fraction is None:
            return float(self.beta or 0.0)
        return self._fraction_of(beta_max(data, patterns, PROGRAMS[self.program]))

    def resolve_by_ascent(self, data: Dataset) -> float:
        """Return the absolute ``beta`` without a list of patterns.

        A fraction is one of the largest price of the labels that local ascent finds, which is
        ``beta_max`` over all patterns where it finds the global maximum.

        Raises
        ------
        ConfigurationError
            If that is zero.
        """
        if self.beta_fraction is None:
            return float(self.beta or 0.0)
        return self._fraction_of(estimate_beta_max(data))

    def _fraction_of(self, unit: float) -> float:
        if unit == 0.0:
            raise ConfigurationError(
                "Expected data with beta_max > 0, got beta_max = 0 (X or y is zero); give beta."
            )
        return float(self.beta_fraction or 0.0) * unit


@dataclass(frozen=True, slots=True)
class PatternSampling:
    """Say how many Gaussian gates to draw and how many patterns may be enumerated.

    Parameters
    ----------
    n_gates : tuple of str
        Size rules (`size_of`); every sample starts with the smaller ones.
    limit : int
        Most patterns of a full enumeration.
    """

    n_gates: tuple[str, ...] = ("8 log n",)
    limit: int = MAX_LISTED_PATTERNS

    def __post_init__(self) -> None:
        for rule in self.n_gates:
            size_of(rule, 2)
        if self.limit < 1:
            raise ConfigurationError(f"Expected patterns.limit >= 1, got {self.limit}; raise it.")


@dataclass(frozen=True, slots=True)
class SolverSettings:
    """Name the solver and the certified relative gap to reach.

    Parameters
    ----------
    name : str
        ``semismooth_newton``, or the conic solver that is the master of column generation.
    rtol : float
        Relative duality gap.
    """

    name: Literal["semismooth_newton", "clarabel", "ecos", "scs"] = "semismooth_newton"
    rtol: float = 1e-6

    def __post_init__(self) -> None:
        self.solver()

    def solver(self) -> Solver:
        """Return the solver for pattern sets of any size, sampled or all."""
        if self.name == "semismooth_newton":
            return SemismoothNewton(self.rtol)
        return ColumnGeneration(self.rtol, ConicSolver(self.name, master_rtol(self.rtol)))


@dataclass(frozen=True, slots=True)
class OptimumSettings:
    """Say how well the global optimum is to be bracketed and for how long.

    Parameters
    ----------
    rtol : float
        Relative gap of the bracket.
    max_seconds : float
        Time after which the bracket so far counts; looked at between pieces of work.
    """

    rtol: float = 1e-3
    max_seconds: float = 600.0

    def __post_init__(self) -> None:
        self.solver()

    def solver(self) -> GlobalSolver:
        """Return the solver of the global optimum."""
        return GlobalSolver(self.rtol, self.max_seconds)


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Give the widths to train and the number of random starts of each.

    Parameters
    ----------
    width : tuple of str
        Size rules (`size_of`).
    n_starts : int
        Random initialisations, trained in one batch.
    """

    width: tuple[str, ...] = ("4 n",)
    n_starts: int = 8

    def __post_init__(self) -> None:
        for rule in self.width:
            size_of(rule, 2, critical_width=1)
        if self.n_starts < 1:
            raise ConfigurationError(
                f"Expected networks.n_starts >= 1, got {self.n_starts}; raise it."
            )


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Name a protocol and the methods trained under it.

    Parameters
    ----------
    protocol : str
        ``P``: both layers with weight decay; ``L``: first layer only without (Li & Liang).
    methods : dict of str to TrainingSpec
        One curve each, by label.
    init_scales, step_factors : tuple of float
        Factors of the initial weights and of the step size of every method, each with each.
    """

    protocol: str = "P"
    methods: dict[str, TrainingSpec] = field(default_factory=dict)
    init_scales: tuple[float, ...] = (1.0,)
    step_factors: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        if self.protocol not in ("L", "P"):
            raise ConfigurationError(
                f"Expected training.protocol L or P, got {self.protocol!r}; choose one."
            )
        for name, factors in (
            ("init_scales", self.init_scales),
            ("step_factors", self.step_factors),
        ):
            if not factors or not all(math.isfinite(f) and f > 0.0 for f in factors):
                raise ConfigurationError(
                    f"Expected positive, finite training.{name}, got {list(factors)}; use [1]."
                )
        for label, spec in self.methods.items():
            if spec.train_output != (self.protocol == "P"):
                raise ConfigurationError(
                    f"Expected train_output={self.protocol == 'P'} under protocol "
                    f"{self.protocol}, got {spec.train_output} for {label!r}; never mix them."
                )
