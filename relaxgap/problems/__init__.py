"""The convex programs: cone-constrained and gated."""

from relaxgap.problems.fit_map import adjoint, fit
from relaxgap.problems.gated import GatedBlocks, GatedReLUProgram
from relaxgap.problems.relu import ConvexReLUProgram, SplitBlocks

__all__ = ["ConvexReLUProgram", "GatedBlocks", "GatedReLUProgram", "SplitBlocks", "adjoint", "fit"]
