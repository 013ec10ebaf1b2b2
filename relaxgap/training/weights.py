"""The weights of many networks as one vector of a backend."""

from jaxtyping import Bool, Float

from relaxgap.numerics.backend import Array, Arrays
from relaxgap.training.network_batch import NetworkBatch


class Weights:
    """Hold all hidden weights of ``R`` runs, then all output weights, with views of both.

    Parameters
    ----------
    flat : (R m (d + 1),) backend array
        Shared with the views.
    shape : tuple of int
        ``(R, m, d)``.
    """

    def __init__(self, flat: Float[Array, " size"], shape: tuple[int, int, int]) -> None:
        n_runs, m, d = shape
        split = n_runs * m * d
        self.flat, self.shape = flat, shape
        self.hidden = flat[:split].reshape(shape)
        self.output = flat[split:].reshape((n_runs, m))
        self.hidden_by_run = flat[:split].reshape((n_runs, m * d))

    @classmethod
    def of(cls, networks: NetworkBatch, arrays: Arrays) -> "Weights":
        """Copy networks to the backend."""
        parts = [networks.hidden.reshape(-1), networks.output.reshape(-1)]
        flat = arrays.xp.concat([arrays.asarray(part) for part in parts])
        return cls(flat, (networks.n_runs, networks.n_neurons, networks.d))

    def zeros(self, arrays: Arrays) -> "Weights":
        """Return zero weights of the same shape."""
        return Weights(arrays.xp.zeros_like(self.flat), self.shape)

    def of_runs(self, kept: Bool[Array, " R"], arrays: Arrays) -> "Weights":
        """Copy the weights of some runs."""
        hidden, output = self.hidden[kept], self.output[kept]
        flat = arrays.xp.concat([hidden.reshape(-1), output.reshape(-1)])
        return Weights(flat, (int(hidden.shape[0]), *self.shape[1:]))

    def networks(self, arrays: Arrays) -> NetworkBatch:
        """Return the networks in NumPy; they may share memory with these weights."""
        return NetworkBatch(arrays.to_numpy(self.hidden), arrays.to_numpy(self.output))

    def set_scaled(
        self, source: "Weights", factors: Float[Array, "R 1"], arrays: Arrays, *, output: bool
    ) -> None:
        """Take the hidden weights of each run, times a factor, and if asked the output weights."""
        arrays.xp.multiply(source.hidden_by_run, factors, out=self.hidden_by_run)
        if output:
            arrays.xp.multiply(source.output, factors, out=self.output)
