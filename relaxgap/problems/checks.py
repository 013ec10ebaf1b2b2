"""What the programs demand of their parts."""

import math

import numpy as np
from jaxtyping import Bool

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.patterns.pattern_set import PatternSet


def check_program(data: Dataset, patterns: PatternSet, beta: float) -> None:
    """Raise `ConfigurationError` unless data, patterns and ``beta`` make a program."""
    if not (beta > 0.0 and math.isfinite(beta)):
        raise ConfigurationError(
            f"Expected a positive, finite beta, got {beta}; weight decay is what makes the "
            "program's optimum unique in value."
        )
    if patterns.n != data.n or patterns.gates.shape[1] != data.d:
        raise ConfigurationError(
            f"Expected patterns of {data.n} samples and gates of dimension {data.d}, got "
            f"{patterns.n} and {patterns.gates.shape[1]}; make the patterns from this data."
        )


def check_allowed(patterns: PatternSet, allowed: Bool[np.ndarray, "..."]) -> None:
    """Raise `ConfigurationError` unless ``allowed`` says yes or no for every (sign, pattern)."""
    if allowed.dtype != np.bool_ or allowed.shape != (2, patterns.n_patterns):
        raise ConfigurationError(
            f"Expected booleans of shape (2, {patterns.n_patterns}) for what is allowed, got "
            f"{allowed.dtype} of shape {allowed.shape}; give one for each sign and pattern."
        )
