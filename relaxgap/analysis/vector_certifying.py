"""Say how far a network with several outputs is from the best one of any width, with proof."""

import math
import os
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from relaxgap.analysis.bracketing import BracketPoint, OnBracket, unseen
from relaxgap.analysis.comparison import at_least_above, at_most_above
from relaxgap.analysis.inputs import as_float64
from relaxgap.analysis.network_record import BetaSource
from relaxgap.analysis.strength import Regularisation
from relaxgap.analysis.vector_solving import solve_vector, vector_dataset_of
from relaxgap.data.numpy_archives import read_arrays
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.networks.landscape.stationarity import refuse_implied
from relaxgap.networks.vector_network import VectorNetwork
from relaxgap.problems.vector_output import VectorProgram
from relaxgap.solvers.base import Status


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """Hold what ``relaxgap certify --json`` prints of a network with several outputs.

    Parameters
    ----------
    network_value : float
        Training loss of this network.
    lower_bound : float
        No network of any width has a smaller one. This is proven.
    upper_bound : float
        Training loss of the best network known; never above ``network_value``.
    certified_ratio : float or None
        ``network_value`` over ``lower_bound``; None where that is 0.
    certificate : str
        What proves the lower bound, of `relaxgap.solvers.vector.methods.METHODS`.
    status : Status
        Whether the bracket reached ``rtol``.
    relative_gap, rtol : float
        Width of the bracket over its upper end, and what was asked for.
    seconds : float
        Wall time of the bracket.
    beta : float
        Strength of the weight decay in the training loss.
    beta_source : str
        ``given``, ``fraction``, or ``implied`` by the weights.
    better_network_found : bool
        Whether ``upper_bound`` is below ``network_value`` by more than rounding.
    width, n, d, n_outputs : int
        Of the network and the data.
    """

    network_value: float
    lower_bound: float
    upper_bound: float
    certified_ratio: float | None
    certificate: str
    status: Status
    relative_gap: float
    rtol: float
    seconds: float
    beta: float
    beta_source: BetaSource
    better_network_found: bool
    width: int
    n: int
    d: int
    n_outputs: int


@dataclass(frozen=True, slots=True, eq=False)
class VectorReport(VectorRecord):
    """Hold the record, and what was found on the way.

    Parameters
    ----------
    best_network : VectorNetwork
        The best network known: the one given if none better was found.
    history : tuple of BracketPoint
        At least one.
    stopped : str
        Empty, ``interrupted``, or the error that ended the work early.
    """

    best_network: VectorNetwork
    history: tuple[BracketPoint, ...]
    stopped: str

    @property
    def verdict(self) -> str:
        """How good the network is, in one sentence."""
        value, lower, upper = self.network_value, self.lower_bound, self.upper_bound
        if value == 0.0:
            return "This network is optimal: its training loss is 0."
        if lower <= 0.0:
            return (
                "It is not proven how far this network is from the best of any width: the lower "
                "bound is 0; raise the time limit, or take another certificate."
            )
        least = ""
        if upper > 0.0 and value - upper > self.rtol * value:
            least = f", and at least {at_least_above(value, upper)} it: a better one was found"
        return (
            f"This network is at most {at_most_above(value, lower)} the best of any width{least}."
        )

    def __str__(self) -> str:
        return self.verdict

    @property
    def record(self) -> VectorRecord:
        """The plain scalars alone, as ``--json`` prints them."""
        return VectorRecord(
            **{field.name: getattr(self, field.name) for field in fields(VectorRecord)}
        )


def certify_vector(
    network: Any,
    X: Any,
    Y: Any,
    beta: float | None = None,
    beta_fraction: float | None = None,
    rtol: float = 1e-3,
    time_limit: float | None = 60.0,
    certificate: str | None = None,
    seed: int = 0,
    *,
    threads: int = 1,
    on_progress: OnBracket = unseen,
) -> VectorReport:
    """Bracket the best training loss of any width, and measure a network against it.

    What `relaxgap.certify` does with columns of labels.

    Parameters
    ----------
    network : VectorNetwork, pair, str or Path
        The network; its arrays hidden (m, d) and output (m, q); or an ``.npz`` file of both.
    X, Y
        As for `relaxgap.solve`.
    beta, beta_fraction : float, optional
        Weight decay of the loss; by default the one that the weights are closest to stationary at.
    rtol, time_limit, seed, threads, on_progress
        As for `relaxgap.certify`.
    certificate : str, optional
        One of `relaxgap.solvers.vector.methods.METHODS`.

    Raises
    ------
    DataError
        If the data or the network cannot be used.
    ConfigurationError
        If a setting is out of range.
    """
    data = vector_dataset_of(X, Y)
    given = vector_network_of(network, data.d, data.q)
    source: BetaSource = "given" if beta is not None else "fraction"
    if beta is None and beta_fraction is None:
        source, beta = "implied", _implied(given, VectorProgram(data, 1.0))
    strength = Regularisation(beta, beta_fraction)
    found = solve_vector(
        X,
        Y,
        strength,
        solver=certificate,
        rtol=rtol,
        time_limit=time_limit,
        seed=seed,
        threads=threads,
        on_progress=on_progress,
    )
    program = VectorProgram(data, found.beta)
    with np.errstate(over="ignore", invalid="ignore"):
        value = given.training_loss(program)
    if not math.isfinite(value):
        raise ConfigurationError(
            f"Expected a network whose training loss is a finite float64, got {value}; check the "
            "units of its weights."
        )
    better = found.primal_value < value * (1.0 - 1e-12)
    upper = found.primal_value if better else value
    lower = min(found.dual_value, value)
    assert isinstance(found.network, VectorNetwork)
    return VectorReport(
        network_value=value,
        lower_bound=lower,
        upper_bound=upper,
        certified_ratio=value / lower if lower > 0.0 else None,
        certificate=found.certificate,
        status=found.status,
        relative_gap=(upper - lower) / upper if upper > 0.0 else 0.0,
        rtol=rtol,
        seconds=found.solve_seconds,
        beta=found.beta,
        beta_source=source,
        better_network_found=better,
        width=given.width,
        n=data.n,
        d=data.d,
        n_outputs=data.q,
        best_network=found.network if better else given,
        history=found.history,
        stopped=found.stopped,
    )


def vector_network_of(network: Any, d: int, q: int) -> VectorNetwork:
    """Return a checked network for rows of d columns and q outputs, whichever way it is given.

    Raises
    ------
    DataError
        If it cannot be read, or does not fit.
    """
    if isinstance(network, (str, os.PathLike)):
        # any other array, such as biases, is refused
        arrays = read_arrays(os.fspath(network), {"hidden": 2, "output": 2}, {})
        hidden, output = arrays["hidden"], arrays["output"]
    elif isinstance(network, VectorNetwork):
        hidden, output = network.hidden, network.output
    elif isinstance(network, (tuple, list)) and len(network) == 2:
        hidden, output = (as_float64(array, "the network") for array in network)
    else:
        raise DataError(
            "Expected a VectorNetwork, a pair (hidden, output) or the path of a .npz file for "
            f"several outputs, got {type(network).__name__}; give one of them, without biases."
        )
    expected = (hidden.shape[0] if hidden.ndim == 2 else 0, d), (len(hidden), q)
    if (hidden.shape, output.shape) != expected:
        raise DataError(
            f"Expected hidden (m, {d}) and output (m, {q}), got {hidden.shape} and "
            f"{output.shape}; give the weights of a network for these columns and labels."
        )
    if not (np.all(np.isfinite(hidden)) and np.all(np.isfinite(output))):
        raise DataError("Expected finite weights, got NaN or infinity; train again.")
    return VectorNetwork(hidden, output)


def _implied(network: VectorNetwork, program: VectorProgram) -> float:
    """Return the strength at which scaling the weights changes the loss least."""
    with np.errstate(over="ignore", invalid="ignore"):
        fit = program.fit(network.hidden, network.output)
        squares = float(np.sum(network.hidden**2) + np.sum(network.output**2))
        return refuse_implied(2.0 * float(np.sum((program.data.Y - fit) * fit)), squares)
