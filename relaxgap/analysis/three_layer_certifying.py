"""Say how far parallel three-layer networks are from the best ones of any number, with proof."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from relaxgap.analysis.bracketing import OnBracket, unseen
from relaxgap.analysis.inputs import as_float64
from relaxgap.analysis.measuring import measured
from relaxgap.analysis.network_record import BetaSource
from relaxgap.analysis.strength import Regularisation
from relaxgap.analysis.three_layer_inputs import program_of
from relaxgap.analysis.three_layer_report import ThreeLayerReport
from relaxgap.analysis.three_layer_solving import solve_three_layers
from relaxgap.data.numpy_archives import open_arrays
from relaxgap.data.paths import errors_of
from relaxgap.errors import DataError
from relaxgap.networks.landscape.stationarity import refuse_implied
from relaxgap.networks.reading.three_layers import checked_three_layers, load_three_layers
from relaxgap.networks.three_layer_network import ThreeLayerNetwork
from relaxgap.problems.three_layer import COLUMNS, NORMALISATIONS, ThreeLayerProgram


def is_three_layers(network: Any, normalisation: str | None) -> bool:
    """Whether a network is one of parallel three-layer sub-networks, as far as its form tells.

    Raises
    ------
    DataError
        If it is a file of one and no normalisation is given, or no array of numbers.
    """
    if isinstance(network, (str, os.PathLike)) and normalisation is None:
        path = Path(network).expanduser()
        if path.suffix.lower() == ".npz" and path.is_file():
            with errors_of(str(network)), open_arrays(path) as archive:
                if "inner" in archive.names:
                    raise DataError(
                        "Expected a normalisation beside a network of three layers, got none; give "
                        f"normalisation={' or '.join(NORMALISATIONS)}."
                    )
    triple = isinstance(network, (tuple, list)) and len(network) == 3
    triple = triple and as_float64(network[0], "the network").ndim == 3
    return normalisation is not None or isinstance(network, ThreeLayerNetwork) or triple


def certify_three_layers(
    network: Any,
    X: Any,
    y: Any,
    normalisation: str | None = None,
    beta: float | None = None,
    beta_fraction: float | None = None,
    rtol: float = 1e-3,
    time_limit: float | None = 60.0,
    seed: int = 0,
    *,
    threads: int = 1,
    on_progress: OnBracket = unseen,
) -> ThreeLayerReport:
    """Bracket the best loss of any number of sub-networks, and measure a network against it.

    What `relaxgap.certify` does with parallel three-layer networks.

    Parameters
    ----------
    network : ThreeLayerNetwork, triple, str or Path
        The network; its arrays hidden (K, m, d), inner (K, m) and output (K,); or a file that
        `relaxgap.networks.reading.three_layers.load_three_layers` reads.
    X, y
        As for `relaxgap.solve`.
    normalisation : str, optional
        Of first layers: ``columns``, by default, or ``frobenius``. What they are scaled by is
        given to the second layer.
    beta, beta_fraction : float, optional
        Weight decay of the second and third layers; by default the one that their weights are
        closest to stationary at.
    rtol, time_limit, seed, threads, on_progress
        As for `relaxgap.certify`.

    Raises
    ------
    DataError
        If the data or the network cannot be used.
    ConfigurationError
        If a setting is out of range.
    """
    given = _network_of(network)
    program = program_of(X, y, given.subnetwork_width, normalisation)
    data = program.data
    if given.hidden.shape[2] != data.d:
        raise DataError(
            f"Expected hidden (K, m, {data.d}) for rows of {data.d} columns, got "
            f"{given.hidden.shape}; give the data that it was trained on."
        )
    source: BetaSource = "given" if beta is not None else "fraction"
    if beta is None and beta_fraction is None:
        source, beta = "implied", _implied(given, program)
    found = solve_three_layers(
        X,
        y,
        Regularisation(beta, beta_fraction),
        given.subnetwork_width,
        normalisation,
        rtol=rtol,
        time_limit=time_limit,
        seed=seed,
        threads=threads,
        on_progress=on_progress,
    )
    at_beta = ThreeLayerProgram(data, found.beta, given.subnetwork_width, program.normalisation)
    with np.errstate(over="ignore", invalid="ignore"):
        value = given.training_loss(at_beta)
    common = measured(value, found, rtol)
    assert isinstance(found.network, ThreeLayerNetwork)
    return ThreeLayerReport(
        **common,
        beta_source=source,
        normalisation=normalisation or COLUMNS,
        width=given.width,
        subnetwork_width=given.subnetwork_width,
        n=data.n,
        d=data.d,
        best_network=found.network if common["better_network_found"] else given,
    )


def _network_of(network: Any) -> ThreeLayerNetwork:
    """Return a checked network, whichever way it is given.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    if isinstance(network, (str, os.PathLike)):
        return load_three_layers(os.fspath(network))
    if isinstance(network, ThreeLayerNetwork):
        return checked_three_layers(network.hidden, network.inner, network.output)
    if isinstance(network, (tuple, list)) and len(network) == 3:
        hidden, inner, output = (as_float64(array, "the network") for array in network)
        return checked_three_layers(hidden, inner, output)
    raise DataError(
        "Expected a ThreeLayerNetwork, its arrays (hidden, inner, output) or the path of a file, "
        f"got {type(network).__name__}; give one of them, without biases."
    )


def _implied(network: ThreeLayerNetwork, program: ThreeLayerProgram) -> float:
    """Return the strength at which scaling the last two layers changes the loss least."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = network.normalised(program.normalisation)
        fit = program.fit(scaled.hidden, scaled.inner, scaled.output)
        squares = float(np.sum(scaled.inner**2) + np.sum(scaled.output**2))
        return refuse_implied(2.0 * float((program.data.y - fit) @ fit), squares)
