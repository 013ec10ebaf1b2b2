"""The longest floating point numbers of the machine, and points in them."""

from dataclasses import dataclass

import numpy as np

from relaxgap.problems.losses import SQUARED, Loss

LONG = np.longdouble
LONG_EPS = float(np.finfo(np.longdouble).eps)
"""Their distance of 1 to the next larger one."""
ZERO = LONG(0.0)


@dataclass(frozen=True, slots=True, eq=False)
class LongPoint:
    """Hold a network and a dual point.

    Parameters
    ----------
    blocks : (k, d) long
        Both weights of each neuron in one.
    signs : (k,) float64
        Of the output weights.
    nu : (n,) long
        A dual point, at the output of the network or not.
    constant : long
        Output bias; 0 without one.
    """

    blocks: np.ndarray
    signs: np.ndarray
    nu: np.ndarray
    constant: np.longdouble = ZERO


def dual_point(loss: Loss, fit: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the dual point of an output for the squared and the logistic loss."""
    labels = y.astype(LONG)
    if loss.name == SQUARED.name:
        return np.asarray(labels - fit)
    with np.errstate(over="ignore"):
        # of a margin beyond the range nothing is left
        return np.asarray(labels / (1.0 + np.exp(labels * fit)))
