"""Six samples in the plane, which have 12 patterns, and a network that was not trained."""

import numpy as np
import pytest

from relaxgap import Dataset, TwoLayerNetwork


@pytest.fixture
def data() -> Dataset:
    """Return the samples."""
    rng = np.random.default_rng(0)
    return Dataset(rng.standard_normal((6, 2)), rng.standard_normal(6))


@pytest.fixture
def untrained() -> TwoLayerNetwork:
    """Return a network of five neurons."""
    rng = np.random.default_rng(1)
    return TwoLayerNetwork(rng.standard_normal((5, 2)), rng.standard_normal(5))
