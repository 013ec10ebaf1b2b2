"""The constants of the theorems at one aspect ratio."""

import math

from relaxgap.errors import ConfigurationError
from relaxgap.theory.activation_gram import kappa_bound, kappa_limit
from relaxgap.theory.gated_ratio import theorem_5_factor
from relaxgap.theory.gordon import (
    all_directions_limit,
    all_directions_margin,
    fixed_direction_margin,
    one_sided_norm,
    sharpness_limit,
)


def constants(c: float) -> dict[str, float | None]:
    """Return the constants at c = n / d by the names of ``--json``.

    Raises
    ------
    ConfigurationError
        If ``c`` is not positive and finite.
    """
    if not (math.isfinite(c) and c > 0.0):
        raise ConfigurationError(f"Expected an aspect ratio c = n/d > 0, got {c}; try 2.")
    norm = one_sided_norm(c)
    return {
        "c": c,
        "kappa_limit": kappa_limit(c),
        "kappa_bound": kappa_bound(c),
        "R": norm if math.isfinite(norm) else None,
        "eps_0": fixed_direction_margin(c),
        "sharpness": sharpness_limit(c),
        "s_0": all_directions_margin(c),
        "sharpness_all": all_directions_limit(c),
        "theorem_1_factor": all_directions_limit(c) * theorem_5_factor(kappa_limit(c)),
    }
