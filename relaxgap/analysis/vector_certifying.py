"""Say how far a network with several outputs is from the best one of any width, with proof."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from relaxgap.analysis.bracketing import BracketPoint, OnBracket, unseen
from relaxgap.analysis.inputs import network_of, training_of
from relaxgap.analysis.library_problems import LibraryProblem
from relaxgap.analysis.measuring import measured
from relaxgap.analysis.network_record import BetaSource
from relaxgap.analysis.preparation import biases_of
from relaxgap.analysis.strength import Regularisation
from relaxgap.analysis.vector_preparation import PreparedOutputs, prepare_outputs
from relaxgap.analysis.vector_solving import check_settings, solve_prepared, vector_dataset_of
from relaxgap.analysis.verdict import plain_verdict
from relaxgap.networks import FittedNetwork, TwoLayerNetwork
from relaxgap.networks.landscape.stationarity import refuse_implied
from relaxgap.networks.vector_network import VectorNetwork
from relaxgap.problems.biases import Bias
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.vector_output import NAME as VECTOR
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
        Of the network and the data, with the column of hidden biases if there is one.
    hidden_bias, output_bias : Bias
        What biases cost in the problem.
    standardized : bool
        Whether columns were brought to mean 0 and variance 1, or as the network's file says.
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
    hidden_bias: Bias
    output_bias: Bias
    standardized: bool


@dataclass(frozen=True, slots=True, eq=False)
class VectorReport(VectorRecord):
    """Hold the record, and what was found on the way.

    Parameters
    ----------
    best : FittedNetwork
        The best network known, which takes raw rows: the one given if none better was found.
    history : tuple of BracketPoint
        At least one.
    stopped : str
        Empty, ``interrupted``, or the error that ended the work early.
    """

    best: FittedNetwork
    history: tuple[BracketPoint, ...]
    stopped: str

    @property
    def best_network(self) -> VectorNetwork:
        """The best network known; with hidden biases they are the last column."""
        assert isinstance(self.best.network, VectorNetwork)
        return self.best.network

    @property
    def verdict(self) -> str:
        """How good the network is, in one sentence."""
        return plain_verdict(self, "any width", "raise the time limit, or take another certificate")

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
    penalise: str | None = None,
    sklearn_alpha: float | None = None,
    torch_weight_decay: float | None = None,
    standardize: bool = False,
    threads: int = 1,
    on_progress: OnBracket = unseen,
) -> VectorReport:
    """Bracket the best training loss of any width, and measure a network against it.

    What `relaxgap.certify` does with columns of labels.

    Parameters
    ----------
    network : VectorNetwork, FittedNetwork, MLPRegressor, tuple, str or Path
        The network; its arrays hidden (m, d) and output (m, q), perhaps with hidden_bias (m,) and
        output_bias (q,); or a file that `relaxgap.load_network` reads.
    X, Y
        As for `relaxgap.solve`.
    beta, beta_fraction : float, optional
        Weight decay of the loss; by default what the network's file says, or the one that the
        weights are closest to stationary at.
    rtol, time_limit, seed, penalise, standardize, threads, on_progress
        As for `relaxgap.certify`.
    certificate : str, optional
        One of `relaxgap.solvers.vector.methods.METHODS`.
    sklearn_alpha, torch_weight_decay : float, optional
        As for `relaxgap.certify`. PyTorch's mean is one over samples and outputs: ``beta`` is
        n q w / 2. What scikit-learn descends along divides by samples alone: ``beta`` is alpha.

    Raises
    ------
    DataError
        If the data or the network cannot be used.
    ConfigurationError
        If a setting is out of range.
    """
    check_settings(VECTOR, rtol, time_limit, seed)
    data = vector_dataset_of(X, Y)
    remembered = training_of(network)
    loaded = network_of(network, data)
    library = LibraryProblem(sklearn_alpha, torch_weight_decay)
    beta = library.strength(beta, beta_fraction, data.n * data.q, SQUARED)
    asked = library.agreed(penalise)
    biases = loaded.biases if asked is None else biases_of(True, asked)
    source: BetaSource = "given" if beta is not None else "fraction"
    if beta is None and beta_fraction is None and remembered is not None:
        source, beta = "remembered", remembered.beta
    prepared = prepare_outputs(data, biases, standardize, rtol, loaded.scaling)
    given = _given(loaded, prepared)
    if beta is None and beta_fraction is None:
        source, beta = "implied", _implied(given, prepared)
    found = solve_prepared(
        prepared,
        Regularisation(beta, beta_fraction),
        solver=certificate,
        rtol=rtol,
        time_limit=time_limit,
        seed=seed,
        threads=threads,
        on_progress=on_progress,
    )
    given = replace(given, training=prepared.rows.training(found.beta, VECTOR))
    with np.errstate(over="ignore", invalid="ignore"):
        value = given.training_loss(data)
    common = measured(value, found, rtol)
    better = common["better_network_found"]
    return VectorReport(
        **common,
        beta_source=source,
        width=given.width,
        n=data.n,
        d=prepared.rows.data.d,
        n_outputs=data.q,
        hidden_bias=biases.hidden,
        output_bias=biases.output,
        standardized=prepared.rows.scaling is not None,
        best=replace(found.fitted, columns=loaded.columns) if better else given,
    )


def _given(loaded: FittedNetwork, prepared: PreparedOutputs) -> FittedNetwork:
    """Return a network as one of several outputs, in the scaling of the problem."""
    network = loaded.network
    if isinstance(network, TwoLayerNetwork):
        network = VectorNetwork(network.hidden, network.output[:, None])
    constants = np.broadcast_to(loaded.output_bias, (prepared.data.q,))
    return replace(loaded, network=network, output_bias=constants, scaling=prepared.rows.scaling)


def _implied(given: FittedNetwork, prepared: PreparedOutputs) -> float:
    """Return the strength at which scaling the weights changes the loss least."""
    network = given.network
    assert isinstance(network, VectorNetwork)
    hidden = network.hidden
    if prepared.biases.hidden is Bias.FREE and given.has_bias:
        hidden = hidden[:, :-1]
    data = prepared.data
    with np.errstate(over="ignore", invalid="ignore"):
        fit = given.predict(data.samples)
        rest, moved = data.Y - fit, fit - given.output_bias
        squares = float(np.sum(hidden**2) + np.sum(network.output**2))
        return refuse_implied(2.0 * float(np.sum(rest * moved)), squares)
