"""Prices over all neurons from absolute moments of combinations of rows: tables."""

from relaxgap.certificates.all_patterns.pair.lower_bound import PricedDual, pair_lower_bounds

__all__ = ["PricedDual", "pair_lower_bounds"]
