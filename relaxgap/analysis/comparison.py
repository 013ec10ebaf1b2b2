"""How far one value is above another, in words that are rounded to the safe side."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context

MAX_PERCENTAGE = 100.0
DIGITS = 9


def interval(lower: float, upper: float) -> str:
    """Write a bracket with the digits that are read, its ends rounded outwards."""
    ends = ((lower, ROUND_FLOOR), (upper, ROUND_CEILING))
    rounded = (Context(prec=DIGITS, rounding=to).create_decimal(end) for end, to in ends)
    return f"[{', '.join(f'{float(end):.{DIGITS}g}' for end in rounded)}]"


def at_most_above(value: float, lower: float) -> str:
    """Say how far a value is above a positive lower bound, rounded up."""
    return _above(value, lower, ROUND_CEILING)


def at_least_above(value: float, upper: float) -> str:
    """Say how far a value is above a positive upper bound, rounded down."""
    return _above(value, upper, ROUND_FLOOR)


def _above(value: float, other: float, rounding: str) -> str:
    """Compare two values, as a percentage or, far apart, as a factor."""
    excess, factor = 100.0 * (value - other) / other, value / other
    two_digits = Context(prec=2, rounding=rounding)
    if excess > MAX_PERCENTAGE:
        return f"{float(two_digits.create_decimal(factor)):g} times"
    return f"{float(two_digits.create_decimal(excess)):g}% above"
