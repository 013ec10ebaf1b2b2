"""Semismooth Newton on the augmented Lagrangian of the dual, over a working set of blocks."""
