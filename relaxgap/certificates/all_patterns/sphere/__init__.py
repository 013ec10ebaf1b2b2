"""Prices over all neurons by cutting the sphere of their directions into cones: few dimensions."""

from relaxgap.certificates.all_patterns.sphere.price import MAX_RANK, SpherePrice

__all__ = ["MAX_RANK", "SpherePrice"]
