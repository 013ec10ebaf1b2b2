"""An array in a file, known by its shape before it is read."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True, slots=True)
class StoredArray:
    """Describe an array in an open file.

    Parameters
    ----------
    shape : tuple of int
        As the file says; nothing was allocated for it.
    is_integer : bool
        Whether its entries are integers or booleans.
    read : callable
        Read it as float64, in C order. May raise a `DataError`.
    """

    shape: tuple[int, ...]
    is_integer: bool
    read: Callable[[], Float64[np.ndarray, "..."]]
