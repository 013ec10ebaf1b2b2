"""Convex programs made of parts: blocks, a family of cones, a loss.

`relu_program` and `gated_program` are short ways to put the parts together: the first takes
`ConeBlocks`, one block of each sign for every pattern, the second `FreeBlocks`. A certificate or a
solver reads the loss (`SQUARED`) and the family of a `Program` and never asks what it is called.
"""

from relaxgap.problems.blocks import Blocks
from relaxgap.problems.families import ConeBlocks, Family, FreeBlocks
from relaxgap.problems.fit_map import adjoint, fit
from relaxgap.problems.losses import LOSSES, SQUARED, Loss, SquaredLoss
from relaxgap.problems.program import (
    PROGRAMS,
    Program,
    ProgramMaker,
    gated_program,
    relu_program,
)
from relaxgap.problems.units import Units

__all__ = [
    "LOSSES",
    "PROGRAMS",
    "SQUARED",
    "Blocks",
    "ConeBlocks",
    "Family",
    "FreeBlocks",
    "Loss",
    "Program",
    "ProgramMaker",
    "SquaredLoss",
    "Units",
    "adjoint",
    "fit",
    "gated_program",
    "relu_program",
]
