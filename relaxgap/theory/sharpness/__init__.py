"""How sharp pattern cones are: in one direction, in the worst one, and in all at once."""

from relaxgap.theory.sharpness.brackets import Sharpness, cone_sharpness

__all__ = ["Sharpness", "cone_sharpness"]
