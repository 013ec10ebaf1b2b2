"""Certificates: bounds proven from (program, point), whoever made the point."""

from relaxgap.certificates.duality import DualCertificate, certify, feasible_dual
from relaxgap.certificates.prices.pricing import (
    beta_max,
    block_prices,
    price_of_gates,
    violating_patterns,
)

__all__ = [
    "DualCertificate",
    "beta_max",
    "block_prices",
    "certify",
    "feasible_dual",
    "price_of_gates",
    "violating_patterns",
]
