"""Small three-layer problems that tests share."""

from dataclasses import replace

import numpy as np

from relaxgap.certificates.three_layer.duality import ThreeLayerBracket
from relaxgap.certificates.three_layer.prices import SelectionPrices
from relaxgap.data.dataset import Dataset
from relaxgap.problems.three_layer import ThreeLayerProgram
from relaxgap.solvers.three_layer.generation import generated_rounds


def three_layer_program(
    n: int, d: int, width: int, normalisation: str, beta: float, seed: int = 0
) -> ThreeLayerProgram:
    """Return a Gaussian problem whose rows and labels are about 1."""
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    data = Dataset(X / np.linalg.norm(X), y / np.linalg.norm(y))
    return ThreeLayerProgram(data, beta, width, normalisation)


def optimum(program: ThreeLayerProgram, rtol: float = 1e-9) -> ThreeLayerBracket:
    """Return the bracket over all groups."""
    *_, bracket = generated_rounds(
        program, [SelectionPrices(program)], rtol, np.random.default_rng(0)
    )
    return bracket


def at_width(program: ThreeLayerProgram, width: int) -> ThreeLayerProgram:
    """Return the same problem for sub-networks of another width."""
    return replace(program, width=width)
