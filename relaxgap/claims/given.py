"""An instance of the user's: data, gates of a file or drawn ones, and a strength."""

import math

import numpy as np

from relaxgap.analysis.strength import Regularisation
from relaxgap.data.dataset import Dataset
from relaxgap.data.numpy_archives import Shapes, read_arrays
from relaxgap.errors import DataError
from relaxgap.numerics.rows import unit_rows
from relaxgap.theory.instance import Instance

GATES_PER_LOG = 8.0
DEFAULT_FRACTION = 0.1


def instance_of(
    data: Dataset, gates: str | None, beta: float | None, seed: int, is_gaussian: bool
) -> Instance:
    """Return the instance that the options describe.

    Parameters
    ----------
    data : Dataset
        The samples.
    gates : str or None
        Path of a ``.npz`` file with ``gates`` (P, d), repeats kept, and perhaps a ``direction``
        (d,); None draws 8 log n Gaussian gates.
    beta : float or None
        Strength; None takes a tenth of ``beta_max``.
    seed : int
        Seed of drawn gates.
    is_gaussian : bool
        Whether the rows were drawn as (A1) asks.

    Raises
    ------
    DataError
        If the file cannot be used.
    ConfigurationError
        If ``beta`` is not positive and finite.
    """
    strength = Regularisation(beta, None if beta is not None else DEFAULT_FRACTION)
    if gates is None:
        rng = np.random.default_rng(np.random.SeedSequence(seed).spawn(3)[1])
        n_gates = max(1, math.ceil(GATES_PER_LOG * math.log(max(data.n, 2))))
        drawn = rng.standard_normal((n_gates, data.d))
        return Instance(data, drawn, strength.resolve_over_all(data), is_gaussian=is_gaussian)

    def check_shapes(shapes: Shapes) -> None:
        n_gates, d = shapes["gates"]
        if n_gates == 0 or d != data.d:
            raise DataError(
                f"Expected gates of shape (P, {data.d}) with P >= 1, got {(n_gates, d)}; one gate "
                "a row, of the data's dimension."
            )
        if shapes.get("direction", (data.d,)) != (data.d,):
            raise DataError(
                f"Expected a direction of {data.d} entries, got {shapes['direction']}; give one "
                "vector of the data's dimension."
            )

    arrays = read_arrays(gates, {"gates": 2}, {"direction": 1}, check_shapes)
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise DataError(f"Expected finite {name}, got NaN or infinity in {gates}; remove them.")
    direction = arrays.get("direction")
    if direction is not None and not np.any(direction):
        raise DataError(f"Expected a nonzero direction, got zeros in {gates}; give another.")
    if not np.all(np.any(arrays["gates"] != 0.0, axis=1)):
        raise DataError(f"Expected nonzero gates, got a row of zeros in {gates}; remove it.")
    # a gate's length is no matter
    return Instance(
        data,
        unit_rows(arrays["gates"]),
        strength.resolve_over_all(data),
        direction,
        is_gaussian=is_gaussian,
    )
