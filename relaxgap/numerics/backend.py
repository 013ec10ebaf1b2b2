"""Which arrays a solver computes on: NumPy by default, PyTorch with the extra ``torch``.

Kernels are written once, against the array API and the few verbs of `Arrays` that it lacks. Only
this module and the two it chooses from know a library. Certificates are not computed here: they
stay float64 NumPy whatever the backend, so that a bound never depends on it.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np
from jaxtyping import Float

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.numpy_arrays import NumpyArrays
from relaxgap.numerics.torch_arrays import TorchArrays

Array = Any
"""An array of whichever library the backend names, on its device."""

BackendName = Literal["numpy", "torch"]
DtypeName = Literal["float64", "float32"]


@runtime_checkable
class Arrays(Protocol):
    """Compute on the arrays of one library, on one device, in one precision.

    ``xp`` is the library's array API namespace and ``dtype`` the precision in it. Two functions
    take the ``out`` that the array API lacks: ``clip``, and ``product`` of two matrices, which
    costs less than ``matmul`` if they are small. ``roundoff_ratio`` is the unit roundoff over that
    of float64: tolerances that rounding sets are multiples of it.
    """

    xp: Any
    dtype: Any
    clip: Any
    product: Any
    roundoff_ratio: float

    def asarray(self, host: np.ndarray) -> Array:
        """Bring a NumPy array over; floats take the precision, indices and booleans keep theirs."""
        ...

    def to_numpy(self, array: Array) -> np.ndarray:
        """Bring an array back, floats as float64; it may share memory with ``array``."""
        ...

    def norms(self, vectors: Float[Array, "b d"]) -> Float[Array, " b"]:
        """Return the norm of every row."""
        ...

    def cholesky(self, matrices: list[Float[Array, "_ _"]]) -> list[Float[Array, "_ _"] | None]:
        """Factorise positive definite matrices; None stands for one that is not.

        Only lower triangles are read, and only lower triangles of the factors mean something. The
        matrices are used up.
        """
        ...

    def cholesky_solve(
        self, factor: Float[Array, "k k"], b: Float[Array, " k"]
    ) -> Float[Array, " k"]:
        r"""Return :math:`(L L^\top)^{-1} b`."""
        ...

    def solve_from_right(
        self, factor: Float[Array, "k k"], b: Float[Array, "m k"]
    ) -> Float[Array, "m k"]:
        r"""Return :math:`b L^{-\top}` in the precision of ``b``."""
        ...

    def square(self, b: Float[Array, "m k"]) -> Float[Array, "m m"]:
        r"""Return the lower triangle of :math:`b b^\top`; what is above it means nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """Name the library, the device and the precision a solver computes with.

    Parameters
    ----------
    name : {"numpy", "torch"}
        PyTorch is imported only when it is named.
    device : str
        ``cpu``, or with PyTorch ``cuda`` or ``cuda:0``, ``cuda:1``, ...
    dtype : {"float64", "float32"}
        float32 halves the memory; rounding then limits the gap that can be certified, never the
        truth of the certificate.

    Raises
    ------
    ConfigurationError
        If a name is unknown, PyTorch is not installed or there is no such device.
    """

    name: BackendName = "numpy"
    device: str = "cpu"
    dtype: DtypeName = "float64"

    def __post_init__(self) -> None:
        for what, got, known in (
            ("backend", self.name, get_args(BackendName)),
            ("dtype", self.dtype, get_args(DtypeName)),
        ):
            if got not in known:
                raise ConfigurationError(f"Expected a {what} out of {', '.join(known)}, got {got}.")
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise ConfigurationError(f"Expected device cpu, cuda or cuda:0, got {self.device}.")
        if self.name == "numpy" and self.device != "cpu":
            raise ConfigurationError(
                f"Expected device cpu for NumPy, got {self.device}; choose the torch backend."
            )
        self.arrays()

    def arrays(self) -> Arrays:
        """Return the arrays to compute on."""
        if self.name == "numpy":
            return NumpyArrays(self.dtype)
        return TorchArrays(self.device, self.dtype)


NUMPY = Backend()
