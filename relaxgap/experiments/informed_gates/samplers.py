"""How gates are drawn: each sampler by its name, with what it is given behind a colon."""

import re
from dataclasses import dataclass

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.global_optimum.informed_patterns import informed_patterns
from relaxgap.patterns import PatternSet, sample_patterns
from relaxgap.patterns.geometric_algebra import sample_geometric_algebra_patterns

GAUSSIAN, GEOMETRIC_ALGEBRA, INFORMED = "gaussian", "geometric_algebra", "informed"
FORM = re.compile(rf"(?P<kind>{GAUSSIAN}|{GEOMETRIC_ALGEBRA}|{INFORMED})(:(?P<number>[1-9]\d*))?")


@dataclass(frozen=True, slots=True)
class SampledGates:
    """Say how many gates each sampler draws.

    Parameters
    ----------
    n_gates : tuple of str
        Size rules (`size_of`).
    samplers : tuple of str
        ``gaussian``; ``geometric_algebra``, or ``geometric_algebra:S`` after a sketch to S columns;
        ``informed:R``, around the neurons of R relaxations on the way.
    """

    n_gates: tuple[str, ...] = ("8 log n",)
    samplers: tuple[str, ...] = (GAUSSIAN, GEOMETRIC_ALGEBRA, f"{INFORMED}:1")

    def __post_init__(self) -> None:
        if not (self.n_gates and self.samplers):
            raise ConfigurationError(
                f"Expected numbers of gates and samplers, got n_gates={list(self.n_gates)} and "
                f"samplers={list(self.samplers)}; name at least one of each."
            )
        for rule in self.n_gates:
            size_of(rule, 2, d=1)
        for sampler in self.samplers:
            parts_of(sampler)


def parts_of(sampler: str) -> tuple[str, int | None]:
    """Return the kind of a sampler and its number.

    Raises
    ------
    ConfigurationError
        If the name has another form.
    """
    match = FORM.fullmatch(sampler)
    kind = "" if match is None else match["kind"]
    number = None if match is None or match["number"] is None else int(match["number"])
    if not kind or (kind == GAUSSIAN and number is not None):
        raise ConfigurationError(
            "Expected a sampler gaussian, geometric_algebra, geometric_algebra:S, informed or "
            f"informed:R, got {sampler!r}; choose one."
        )
    return kind, number


def draw(
    sampler: str, data: Dataset, beta: float, n_gates: int, rng: np.random.Generator
) -> PatternSet:
    """Draw so many gates and return their patterns."""
    kind, number = parts_of(sampler)
    if kind == GAUSSIAN:
        return sample_patterns(data.X, n_gates, rng)
    if kind == GEOMETRIC_ALGEBRA:
        return sample_geometric_algebra_patterns(data.X, n_gates, rng, number)
    return informed_patterns(data, beta, n_gates, rng, number or 1)
