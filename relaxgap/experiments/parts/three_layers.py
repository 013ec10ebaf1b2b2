"""Problems of three layers: labels drawn for Gaussian rows, optima, and networks of few parts."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.strength import Regularisation
from relaxgap.analysis.three_layer_solving import solve_three_layers
from relaxgap.data.dataset import Dataset
from relaxgap.data.gaussian import GaussianData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.interruption import uninterrupted
from relaxgap.networks.three_layer_network import ThreeLayerNetwork
from relaxgap.numerics.nonnegative_least_squares import nonnegative_least_squares
from relaxgap.numerics.rows import normalized_rows
from relaxgap.problems.three_layer import ThreeLayerProgram, features

LABELS = {
    "noise": "standard normal",
    "xor": "sign of the product of the first two columns",
    "kinks": "absolute first column less absolute second",
    "planted": "three-layer teacher",
}
"""What labels are called, and what they are."""
TEACHERS = 3
"""Sub-networks of a planted teacher, each of two neurons of opposite second-layer signs."""
IN_USE = 1e-9
"""Part of the largest weight from which on a sub-network counts as one."""


def check_labels(labels: str) -> None:
    """Raise `ConfigurationError` unless labels are among `LABELS`."""
    if labels not in LABELS:
        raise ConfigurationError(
            f"Expected labels out of {', '.join(LABELS)}, got {labels!r}; choose one."
        )


def drawn(cell: Cell[Any], labels: str, relevant: int | None = None, noise: float = 0.0) -> Dataset:
    """Draw the rows of a cell's Gaussian data, and labels for them.

    Parameters
    ----------
    cell : Cell
        Its data give sizes and rows; their own labels are not used.
    labels : str
        One of `LABELS`.
    relevant : int, optional
        Leading columns that a teacher looks at; all by default.
    noise : float
        Standard deviation of what is added to labels that are not noise.

    Raises
    ------
    ConfigurationError
        If the data are not Gaussian, or have fewer columns than the labels need.
    """
    source = cell.data
    if not isinstance(source, GaussianData):
        raise ConfigurationError(
            f"Expected Gaussian data for three layers, got the data set {source.label}; take "
            "data=gaussian."
        )
    d = source.n_features
    used = d if relevant is None else relevant
    if labels in ("xor", "kinks"):
        used = max(used, 2)
    if not 1 <= used <= d:
        raise ConfigurationError(
            f"Expected between 1 and d = {d} columns for the labels {labels}, got {used}; raise "
            "data.d."
        )
    rng = cell.streams()[0]
    X = source.draw_rows(rng)
    added = rng.standard_normal(len(X))
    if labels == "noise":
        return Dataset(X, added)
    if labels == "xor":
        clean = np.sign(X[:, 0] * X[:, 1])
    elif labels == "kinks":
        clean = np.abs(X[:, 0]) - np.abs(X[:, 1])
    else:
        hidden = np.zeros((TEACHERS, 2, d))
        for teacher in hidden:
            teacher[:, :used] = normalized_rows(rng.standard_normal((2, used)))
        inner = np.tile([1.0, -1.0], (TEACHERS, 1))
        output = np.where(np.arange(TEACHERS) % 2 == 0, 1.0, -1.0)
        clean = features(X, hidden, inner) @ output
    return Dataset(X, np.asarray(clean + noise * added))


def label_of(labels: str) -> str:
    """Return a short name of the data for a CSV."""
    return f"gaussian, {labels} labels"


def solved(
    data: Dataset,
    width: int,
    normalisation: str,
    *,
    rtol: float,
    time_limit: float,
    beta: float | None = None,
    beta_fraction: float | None = None,
    n_groups: int = 0,
    seed: int = 0,
) -> SolveResult:
    """Solve a problem over all groups, or over those around so many drawn sub-networks.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted: what was found until then is no result of an experiment.
    """
    return uninterrupted(
        solve_three_layers(
            data.X,
            data.y,
            Regularisation(beta, beta_fraction),
            width,
            normalisation,
            patterns=f"gaussian:{n_groups}" if n_groups else "all",
            rtol=rtol,
            time_limit=time_limit,
            seed=seed,
        )
    )


def network_of(result: SolveResult) -> ThreeLayerNetwork:
    """Return the network of a solved problem of three layers."""
    network = result.network
    assert isinstance(network, ThreeLayerNetwork)
    return network


def pruned(program: ThreeLayerProgram, network: ThreeLayerNetwork) -> ThreeLayerNetwork:
    r"""Return a network of the same fit and cost with at most n + 1 of the sub-networks.

    The weights :math:`c \ge 0` of sub-networks :math:`f_k` of cost :math:`t_k` that keep
    :math:`\sum_k c_k f_k` and :math:`\sum_k c_k t_k` are a polytope; this is one of its vertices.
    """
    fits = network.output * program.features(network.hidden, network.inner)
    sizes = program.sizes(network.hidden, network.inner, network.output)
    system = np.vstack([fits, sizes])
    weights = nonnegative_least_squares(system, system.sum(axis=1))
    kept = np.flatnonzero(weights * sizes > IN_USE * float(np.max(weights * sizes, initial=0.0)))
    root = np.sqrt(weights[kept])
    return ThreeLayerNetwork(
        network.hidden[kept], network.inner[kept] * root[:, None], network.output[kept] * root
    )


def neurons_in_use(network: ThreeLayerNetwork, part: float = 1e-6) -> Float64[np.ndarray, "p d"]:
    """Return first-layer neurons times the weights behind them, without negligible ones."""
    z = network.hidden * np.abs(network.inner * network.output[:, None])[:, :, None]
    flat = z.reshape(-1, network.hidden.shape[2])
    lengths = np.linalg.norm(flat, axis=1)
    return np.asarray(flat[lengths > part * float(lengths.max(initial=0.0))])
