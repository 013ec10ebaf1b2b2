"""PyTorch tensors on the CPU or a CUDA device, with the extra ``torch``."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Float

from relaxgap.errors import ConfigurationError

Tensor = Any
"""A ``torch.Tensor``; PyTorch is imported only when it is asked for."""


class TorchArrays:
    """Compute on PyTorch tensors (see `Arrays`).

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda``, ``cuda:0``, ...
    dtype : str
        ``float64`` or ``float32``.

    Raises
    ------
    ConfigurationError
        If PyTorch is not installed or there is no such device.
    """

    def __init__(self, device: str, dtype: str) -> None:
        try:
            self._torch: Any = import_module("torch")
        except ImportError as error:
            raise ConfigurationError(
                "Expected PyTorch for the torch backend, found none; "
                "run pip install 'relaxgap[torch]'."
            ) from error
        try:
            self._torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:
            raise ConfigurationError(
                f"Expected a device that PyTorch can use, got {device}; try cpu."
            ) from error
        self.xp: Any = import_module("array_api_compat.torch")
        self.clip: Any = self._torch.clamp
        self.product: Any = self._torch.mm
        self.device, self.dtype = device, getattr(self._torch, dtype)
        eps = float(self._torch.finfo(self.dtype).eps)
        self.roundoff_ratio = eps / float(np.finfo(np.float64).eps)

    def asarray(self, host: np.ndarray) -> Tensor:
        """See `Arrays`."""
        dtype = self.dtype if host.dtype.kind == "f" else None
        return self._torch.tensor(host, dtype=dtype, device=self.device)

    def to_numpy(self, array: Tensor) -> np.ndarray:
        """See `Arrays`."""
        host = array.cpu().numpy()
        return np.asarray(host.astype(np.float64, copy=False) if host.dtype.kind == "f" else host)

    def norms(self, vectors: Float[Tensor, "b d"]) -> Float[Tensor, " b"]:
        """See `Arrays`."""
        return self._torch.linalg.vector_norm(vectors, dim=1)

    def cholesky(
        self, matrices: Sequence[Float[Tensor, "_ _"]]
    ) -> list[Float[Tensor, "_ _"] | None]:
        """See `Arrays`."""
        if not matrices:
            return []
        tries = [self._torch.linalg.cholesky_ex(a) for a in matrices]
        # one transfer for all of them
        failures = self._torch.stack([info for _, info in tries]).tolist()
        return [
            None if failed else factor for (factor, _), failed in zip(tries, failures, strict=True)
        ]

    def cholesky_solve(
        self, factor: Float[Tensor, "k k"], b: Float[Tensor, " k"]
    ) -> Float[Tensor, " k"]:
        """See `Arrays`."""
        return self._torch.cholesky_solve(b[:, None], factor)[:, 0]

    def solve_from_right(
        self, factor: Float[Tensor, "k k"], b: Float[Tensor, "m k"]
    ) -> Float[Tensor, "m k"]:
        """See `Arrays`."""
        upper = factor.to(b.dtype).mT
        return self._torch.linalg.solve_triangular(upper, b, upper=True, left=False)

    def square(self, b: Float[Tensor, "m k"]) -> Float[Tensor, "m m"]:
        """See `Arrays`."""
        return b @ b.mT
