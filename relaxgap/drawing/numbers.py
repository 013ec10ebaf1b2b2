"""Numbers as a figure writes them."""

import math

import pandas as pd


def scientific(value: float) -> str:
    """Write a positive number with one digit and a power of ten; zero and others plainly."""
    if not 0.0 < value < math.inf:
        return f"{value:g}"
    digit, _, exponent = f"{value:.0e}".partition("e")
    power = rf"10^{{{int(exponent)}}}"
    return f"${power}$" if digit == "1" else rf"${digit}\cdot{power}$"


def samples_of(aspect_ratio: float) -> str:
    """Write the number of samples at an aspect ratio: n = d, n = 2d."""
    times = "" if aspect_ratio == 1.0 else f"{aspect_ratio:g}"
    return f"n = {times}d"


def span(numbers: pd.Series | pd.Index) -> str:
    """Write the range of the numbers, or the one number there is."""
    least, most = numbers.min(), numbers.max()
    return f"{least}" if least == most else f"{least} to {most}"
