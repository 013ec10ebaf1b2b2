"""The convex programs: cone-constrained and gated."""

from relaxgap.programs.fit_map import adjoint, fit
from relaxgap.programs.gated import GatedBlocks, GatedReLUProgram
from relaxgap.programs.relu import ConvexReLUProgram, SplitBlocks

__all__ = ["ConvexReLUProgram", "GatedBlocks", "GatedReLUProgram", "SplitBlocks", "adjoint", "fit"]
