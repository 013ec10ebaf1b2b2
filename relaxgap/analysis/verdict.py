"""What a certified network is said to be; percentages are rounded to the safe side."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context

from relaxgap.analysis.network_record import CertifiedNetwork

FAR_FROM_STATIONARY = 0.05
MAX_PERCENTAGE = 100.0
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
            f"{_above(value, lower, ROUND_CEILING)} the best of any width."
        )
    least = ""
    if value - upper > report.rtol * value:
        least = f", and at least {_above(value, upper, ROUND_FLOOR)} it: a better one was found"
    return (
        f"This network is at most {_above(value, lower, ROUND_CEILING)} the best of any "
        f"width{least}."
    )


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
    if report.has_bias:
        said.append(
            "The network has hidden biases: the data gets a column of ones, and they are "
            "regularised like every other weight."
        )
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
    return said


def _above(value: float, other: float, rounding: str) -> str:
    """Compare two values, as a percentage or, far apart, as a factor."""
    excess, factor = 100.0 * (value - other) / other, value / other
    two_digits = Context(prec=2, rounding=rounding)
    if excess > MAX_PERCENTAGE:
        return f"{float(two_digits.create_decimal(factor)):g} times"
    return f"{float(two_digits.create_decimal(excess)):g}% above"


def _shown(number: float | None) -> str:
    return "unknown size" if number is None else f"{number:.4g}"
