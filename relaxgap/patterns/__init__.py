"""Activation patterns of a data matrix: enumerated, sampled, counted."""
