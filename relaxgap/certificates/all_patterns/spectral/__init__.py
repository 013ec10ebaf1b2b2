"""Bounds over all directions at once: no pattern is enumerated or sampled."""

from relaxgap.certificates.all_patterns.spectral.bound import SpectralMultipliers, bound_by_spectrum
from relaxgap.certificates.all_patterns.spectral.lower_bound import (
    SpectralDual,
    spectral_lower_bound,
)
from relaxgap.certificates.all_patterns.spectral.price import SpectralPrice, spectral_price

__all__ = [
    "SpectralDual",
    "SpectralMultipliers",
    "SpectralPrice",
    "bound_by_spectrum",
    "spectral_lower_bound",
    "spectral_price",
]
