"""Lower bounds over all patterns, one a file, and one registry of them."""

from relaxgap.global_optimum.bounds.bound import Bound
from relaxgap.global_optimum.bounds.registry import (
    AUTO,
    BOUNDS,
    CERTIFICATE_NAMES,
    OPENING,
    Schedule,
    meanings,
    refuse_certificate,
    schedule,
)

__all__ = [
    "AUTO",
    "BOUNDS",
    "CERTIFICATE_NAMES",
    "OPENING",
    "Bound",
    "Schedule",
    "meanings",
    "refuse_certificate",
    "schedule",
]
