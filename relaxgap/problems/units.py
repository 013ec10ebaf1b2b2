"""Units of the data and of the labels, as a value with an inverse."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from relaxgap.data.dataset import Dataset
from relaxgap.problems.blocks import Blocks
from relaxgap.problems.program import Program


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Say what a 1 in scaled data, labels and columns is in the data's own units.

    Parameters
    ----------
    X, y : float
        One number for all entries of ``X``, one for all labels and fits.
    columns : (d,) float64, optional
        A positive number for each column, beside that for all of them. A scaled program whose
        columns have units of their own penalises other weights: it is another program, and only
        its points have an inverse.
    """

    X: float
    y: float
    columns: Float64[np.ndarray, " d"] | None = None

    @classmethod
    def of(cls, program: Program) -> "Units | None":
        """Return the units in which ``X`` and ``y`` have norm 1; None if either is zero."""
        data = program.data
        units = cls(float(np.linalg.norm(data.X, 2)), program.loss.label_unit(data.y))
        return units if units.X > 0.0 and units.y > 0.0 else None

    @property
    def beta(self) -> float:
        """What a regularisation strength, or a price, of 1 is."""
        return self.X * self.y

    def scaled_data(self, data: Dataset) -> Dataset:
        """Return the data in these units."""
        X = data.X / self.X
        return Dataset(X if self.columns is None else X / self.columns, data.y / self.y)

    def scaled(self, program: Program) -> Program:
        """Return the program in these units; patterns stay the same."""
        patterns = program.patterns
        if self.columns is not None:
            patterns = replace(patterns, gates=self.columns * patterns.gates)
        data = self.scaled_data(program.data)
        return replace(program, data=data, patterns=patterns, beta=program.beta / self.beta)

    def scaled_point(self, point: Blocks) -> Blocks:
        """Return a point of the program as one of the scaled program, with the fit in its unit."""
        w = (self.X / self.y) * point.w
        return Blocks(w if self.columns is None else w * self.columns)

    def back(self, w: Float64[np.ndarray, "... d"]) -> Float64[np.ndarray, "... d"]:
        """Return blocks of the scaled program as blocks of the program."""
        w = (self.y / self.X) * w
        return w if self.columns is None else w / self.columns
