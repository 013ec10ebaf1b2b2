"""Activation patterns of a data matrix: enumerated, sampled, counted."""

from relaxgap.patterns.counting import PatternCount, cover_count, predicted_count
from relaxgap.patterns.enumeration import enumerate_patterns
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.patterns.sampling import sample_patterns

__all__ = [
    "PatternCount",
    "PatternSet",
    "cover_count",
    "enumerate_patterns",
    "predicted_count",
    "sample_patterns",
]
