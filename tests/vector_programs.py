"""Small problems with several outputs that tests share."""

import numpy as np

from relaxgap.certificates.vector.cone_pca import ConePrices
from relaxgap.data.vector_dataset import VectorDataset
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems.vector_output import VectorProgram


def vector_program(
    n: int, d: int, q: int, fraction: float, seed: int = 0, n_patches: int = 1
) -> tuple[VectorProgram, ConePrices]:
    """Return a Gaussian problem at a fraction of its critical strength, and its cells' prices."""
    rng = np.random.default_rng(seed)
    data = VectorDataset(rng.standard_normal((n * n_patches, d)), rng.standard_normal((n, q)))
    prices = ConePrices.of(data.X, enumerate_patterns(data.X))
    spread = VectorProgram(data, 1.0).spread(data.Y)
    return VectorProgram(data, fraction * prices(spread, 0.0).largest), prices
