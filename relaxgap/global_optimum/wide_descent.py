r"""Quasi-Newton descent of the training loss itself, from a network wide enough to find its way.

The wider the start the lower it ends: twice as many neurons as samples leave few bad places to get
stuck in, and a step costs O(n d m). What it leaves is at kinks, where the loss has no gradient:
programs over the network's own patterns go on from there.

References
----------
Liu & Nocedal (1989) for the method.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64
from scipy.optimize import OptimizeResult, minimize

from relaxgap.data.dataset import Dataset
from relaxgap.networks import TwoLayerNetwork
from relaxgap.numerics.clock import NEVER, Deadline
from relaxgap.problems.losses import SQUARED, Loss

MEMORY = 20
MIN_DECREASE = 1e-9
"""Relative decrease of a step below which a descent ends."""
LOOK = 100
"""Steps that together have to decrease the loss by a fraction of it."""
NARROW = 100
"""Width of the first network, unless samples are few or steps dear."""
SMALL_BETA = 1e-3
"""In units where data and labels have norm 1: some thousandths of the largest that matters."""
WIDTH_PER_SAMPLE = 2
MIN_WIDEST, MAX_WIDEST = 50, 800
WORK = 4e7
"""Multiplications that one product of all neurons with the data may take."""
START_SIZE = 0.3
"""Length of both weights of a start in units where data and labels have norm 1."""
DEAD = 1e-4
"""Fraction of the largest neuron at which one is dropped."""


def widths(data: Dataset, beta: float) -> Iterator[int]:
    """Yield widths to try, each twice the one before; narrower ones where a step costs more.

    At a small ``beta``, with data and labels of norm 1, only the widest: it ends lower, which a
    few steps do not show.
    """
    widest = int(np.clip(WORK / (data.n * data.d), MIN_WIDEST, MAX_WIDEST))
    widest = min(WIDTH_PER_SAMPLE * data.n, widest)
    width = NARROW if beta > SMALL_BETA else widest
    while width < widest:
        yield width
        width *= 2
    yield widest


def random_network(data: Dataset, width: int, rng: np.random.Generator) -> TwoLayerNetwork:
    """Draw a network of neurons of one size, half of them of each sign."""
    hidden = rng.standard_normal((width, data.d))
    hidden *= START_SIZE / np.linalg.norm(hidden, axis=1, keepdims=True)
    # alternating, whatever the width
    output = START_SIZE * np.where(np.arange(width) % 2 == 0, 1.0, -1.0)
    return TwoLayerNetwork(hidden, output)


def descend(
    network: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    n_steps: int,
    stalled: float,
    deadline: Deadline = NEVER,
    loss: Loss = SQUARED,
) -> TwoLayerNetwork:
    r"""Return a network of less training loss, without its dead neurons; balanced.

    Parameters
    ----------
    network : TwoLayerNetwork
        Where to start.
    data : Dataset
        In units where ``X`` and ``y`` have norm 1.
    beta : float
        Regularisation strength in these units.
    n_steps : int
        Most steps, and half the most evaluations.
    stalled : float
        `LOOK` steps that decrease the loss by less than this fraction are the last ones.
    deadline : Deadline
        No step begins after it.
    loss : Loss
        Of the fit.

    Returns
    -------
    TwoLayerNetwork
        The start itself if the method found nothing better, or nothing finite.

    Notes
    -----
    Cost: O(n d m) a step, and O(d m) for each of the `MEMORY` steps remembered.
    """
    X, y, width = data.X, data.y, network.width

    def objective(point: Float64[np.ndarray, " p"]) -> tuple[float, Float64[np.ndarray, " p"]]:
        output, hidden = point[:width], point[width:].reshape(width, data.d)
        active = np.maximum(X @ hidden.T, 0.0)
        fit = active @ output
        slope = -loss.dual_point(fit, y)
        slopes = ((active > 0.0) * slope[:, None]).T @ X * output[:, None]
        gradient = np.concatenate([active.T @ slope, slopes.ravel()]) + beta * point
        return loss.value(fit, y) + 0.5 * beta * float(point @ point), gradient

    values: list[float] = []

    def look(intermediate_result: OptimizeResult) -> None:
        values.append(float(intermediate_result.fun))
        is_stalled = len(values) > LOOK and values[-1] > (1.0 - stalled) * values[-1 - LOOK]
        if is_stalled or deadline.has_passed:
            # what ends the method with the point so far
            raise StopIteration

    start = np.concatenate([network.output, network.hidden.ravel()])
    if width == 0 or deadline.has_passed:
        return network
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        found = minimize(
            objective,
            start,
            jac=True,
            method="L-BFGS-B",
            callback=look,
            options={
                "maxcor": MEMORY,
                "maxiter": n_steps,
                "maxfun": 2 * n_steps,
                "ftol": MIN_DECREASE,
                "gtol": 0.0,
            },
        ).x
        better = objective(found)[0] < objective(start)[0]
    if not (better and np.all(np.isfinite(found))):
        return network
    return live_part(TwoLayerNetwork(found[width:].reshape(width, data.d), found[:width]))


def live_part(network: TwoLayerNetwork) -> TwoLayerNetwork:
    r"""Return the network balanced, :math:`\|w_j\| = |\alpha_j|`, without its dead neurons."""
    lengths, sizes = np.linalg.norm(network.hidden, axis=1), np.abs(network.output)
    products = lengths * sizes
    live = products > DEAD * products.max(initial=0.0)
    roots = np.sqrt(products[live])
    hidden = network.hidden[live] * (roots / lengths[live])[:, None]
    return TwoLayerNetwork(hidden, np.sign(network.output[live]) * roots)
