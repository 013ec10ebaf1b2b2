"""Units of the data and of the labels, as a value with an inverse."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.rows import spectral_norm
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.program import Program


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Say what a 1 in scaled data and labels is in the data's own units.

    Parameters
    ----------
    X, y : float
        One number for all entries of ``X``, one for all labels and fits.
    """

    X: float
    y: float

    @classmethod
    def of(cls, program: Program) -> "Units | None":
        """Return the units in which ``X`` and ``y`` have norm 1; None if either is zero."""
        data = program.data
        units = cls(spectral_norm(data.X), program.loss.label_unit(data.y))
        return units if units.X > 0.0 and units.y > 0.0 else None

    @property
    def beta(self) -> float:
        """What a regularisation strength, or a price, of 1 is."""
        return self.X * self.y

    def scaled_data(self, data: Dataset) -> Dataset:
        """Return the data in these units."""
        # in the data's own units they stay where they are, perhaps in a file
        return Dataset(data.X if self.X == 1.0 else data.X / self.X, data.y / self.y)

    def scaled(self, program: Program) -> Program:
        """Return the program in these units; patterns stay the same."""
        data = self.scaled_data(program.data)
        return replace(program, data=data, beta=program.beta / self.beta)

    def scaled_point(self, point: Blocks) -> Blocks:
        """Return a point of the program as one of the scaled program, with the fit in its unit."""
        return Blocks((self.X / self.y) * point.w)

    def back(self, w: Float64[np.ndarray, "... d"]) -> Float64[np.ndarray, "... d"]:
        """Return blocks of the scaled program as blocks of the program."""
        return (self.y / self.X) * w
