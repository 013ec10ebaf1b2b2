"""What a certified network is said to be; percentages are rounded to the safe side."""

from relaxgap.analysis.comparison import at_least_above, at_most_above
from relaxgap.analysis.measuring import Measured
from relaxgap.analysis.network_record import CertifiedNetwork
from relaxgap.data.classes import class_sentence
from relaxgap.problems.biases import ONES_COLUMN, Biases
from relaxgap.problems.losses import LOSSES, is_smooth

FAR_FROM_STATIONARY = 0.05
SHARP = 1e-6
"""Relative slope that the tolerance of a kink alone may cause."""


def verdict(report: CertifiedNetwork) -> str:
    """Say in one sentence how good the network is."""
    value, lower, upper = report.network_value, report.lower_bound, report.upper_bound
    if value == 0.0:
        return "This network is optimal: its training loss is 0."
    if upper == 0.0:
        return f"The best network has training loss 0; this one has {value:.6g}."
    if report.certified_ratio is None:
        return (
            "It is not proven how far this network is from the best of any width: the lower bound "
            "is 0; raise the time limit, or take another certificate."
        )
    if value - lower <= report.rtol * value:
        return (
            f"This network is optimal to the accuracy asked for: at most "
            f"{at_most_above(value, lower)} the best of any width."
        )
    return _how_far(value, lower, upper, report.rtol, "any width")


def plain_verdict(measured: Measured, best_of: str, advice: str) -> str:
    """Say how good a network of several outputs or layers is.

    Parameters
    ----------
    measured : Measured
        The network against its bracket.
    best_of : str
        What the best network may be of, such as ``any width``.
    advice : str
        What to do where the lower bound is 0.
    """
    value, lower, upper = measured.network_value, measured.lower_bound, measured.upper_bound
    if value == 0.0:
        return "This network is optimal: its training loss is 0."
    if lower <= 0.0:
        return (
            f"It is not proven how far this network is from the best of {best_of}: the lower bound "
            f"is 0; {advice}."
        )
    return _how_far(value, lower, upper, measured.rtol, best_of)


def _how_far(value: float, lower: float, upper: float, rtol: float, best_of: str) -> str:
    least = ""
    if upper > 0.0 and value - upper > rtol * value:
        least = f", and at least {at_least_above(value, upper)} it: a better one was found"
    return f"This network is at most {at_most_above(value, lower)} the best of {best_of}{least}."


def remarks(report: CertifiedNetwork) -> list[str]:
    """Say in sentences what a reader has to know beside the verdict."""
    said = []
    if report.beta_source == "implied":
        residual = report.stationarity_residual
        said.append(
            f"beta was not given: {report.beta:.6g} was inferred from the weights, which are "
            f"stationary there up to a relative residual of {_shown(residual)} (0 is exact)."
        )
        if residual is None or residual > FAR_FROM_STATIONARY:
            said.append(
                "That is far from stationary, so it may not be the beta of the training: give "
                "beta." + " Biases trained without weight decay have this effect." * report.has_bias
            )
    biases = Biases(report.hidden_bias, report.output_bias)
    if biases == ONES_COLUMN and report.has_bias:
        said.append(
            "The network has hidden biases: the data gets a column of ones, and they are "
            "regularised like every other weight."
        )
    elif biases.any:
        said.append(f"{biases.sentence} The bound holds over all networks and biases.")
    residual, slope = report.stationarity_residual, report.steepest_slope
    if residual is not None and slope is not None and -slope > 10.0 * max(residual, SHARP):
        said.append(
            f"It is stationary in Clarke's sense (relative residual {_shown(residual)}) but no "
            "local minimum: it lies on concave kinks, from which the loss falls at a relative "
            f"slope of {_shown(slope)}."
        )
    if report.n_improving_patterns:
        said.append(
            f"A new neuron would lower its loss in at least {report.n_improving_patterns} "
            f"activation pattern{'s' if report.n_improving_patterns > 1 else ''}; the largest "
            f"price found is {_shown(report.largest_price_ratio)} beta."
        )
    elif report.n_improving_patterns == 0:
        said.append(
            "No activation pattern was found in which a new neuron would appreciably lower its "
            f"loss; the largest price found is {_shown(report.largest_price_ratio)} beta."
        )
    if not is_smooth(LOSSES[report.loss]):
        said.append(
            f"The {report.loss} loss has kinks at margins of 1: nothing is said of stationarity, "
            "nor of patterns that would lower it."
        )
    if sentence := class_sentence(report.classes):
        said.append(sentence)
    return said


def _shown(number: float | None) -> str:
    return "unknown size" if number is None else f"{number:.4g}"
