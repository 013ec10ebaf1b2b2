"""Brackets of the optimum of parallel three-layer networks, one after another."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from relaxgap.certificates.three_layer.duality import ThreeLayerBracket
from relaxgap.certificates.three_layer.group_prices import GroupList
from relaxgap.certificates.three_layer.prices import SelectionPrices, spectral_price
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.numerics.clock import Deadline
from relaxgap.problems.three_layer import ThreeLayerProgram
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.bracketed import BracketSolution, solutions
from relaxgap.solvers.three_layer.generation import SELECTIONS, SPECTRAL, generated_rounds
from relaxgap.solvers.three_layer.interior import interior_rounds
from relaxgap.solvers.vector.methods import in_units as vector_in_units

SELECTIONS_A_SEARCH = (1 << 13, 1 << 16, 1 << 19)
INTERIOR = "interior"
"""The solver over sampled groups; that over all is called what proves it."""
__all__ = ["INTERIOR", "SELECTIONS", "in_units", "sampled_rounds", "three_layer_rounds"]


def three_layer_rounds(
    program: ThreeLayerProgram, rtol: float, seed: int, deadline: Deadline
) -> Iterator[BracketSolution[ThreeLayerBracket]]:
    """Return solutions over all groups, each bracket inside the one before; the first at once.

    Parameters
    ----------
    program : ThreeLayerProgram
        In units where rows and labels are about 1.
    rtol : float
        Relative gap to reach.
    seed : int
        Of starts of local ascent.
    deadline : Deadline
        Of all of it.
    """
    y = program.data.y
    first = ThreeLayerBracket.unsolved(program)
    first = first.with_dual_point(program, y, spectral_price(program, y), SPECTRAL)
    rng = np.random.default_rng(seed)
    searches = [SelectionPrices(program, most) for most in SELECTIONS_A_SEARCH]
    rounds = generated_rounds(program, searches, rtol, rng)
    return solutions(first, rounds, rtol, deadline)


def sampled_rounds(
    program: ThreeLayerProgram, groups: GroupList, rtol: float, deadline: Deadline
) -> Iterator[BracketSolution[ThreeLayerBracket]]:
    """Return solutions of the program over some groups, each bracket inside the one before.

    The first comes at once; its lower bound, like every one, is of these groups alone.
    """
    first = ThreeLayerBracket.unsolved(program)
    return solutions(first, interior_rounds(program, groups, rtol), rtol, deadline)


def in_units(program: ThreeLayerProgram) -> tuple[ThreeLayerProgram, float, float]:
    """Return the program in units where rows and labels are about 1, and these, powers of two."""
    data = program.data
    both = VectorProgram(VectorDataset(data.X, data.y[:, None]), program.beta)
    scaled, x_unit, y_unit = vector_in_units(both)
    rows = replace(data, X=scaled.data.X, y=np.ascontiguousarray(scaled.data.Y[:, 0]))
    return replace(program, data=rows, beta=scaled.beta), x_unit, y_unit
