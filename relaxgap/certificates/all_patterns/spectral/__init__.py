"""Bounds over all directions at once: no pattern is enumerated or sampled."""

from relaxgap.certificates.all_patterns.spectral.lower_bound import (
    SpectralDual,
    spectral_lower_bound,
)
from relaxgap.certificates.all_patterns.spectral.price import SpectralPrice, spectral_price
from relaxgap.certificates.all_patterns.spectral.price_bound import (
    SpectralMultipliers,
    spectral_price_bound,
)

__all__ = [
    "SpectralDual",
    "SpectralMultipliers",
    "SpectralPrice",
    "spectral_lower_bound",
    "spectral_price",
    "spectral_price_bound",
]
