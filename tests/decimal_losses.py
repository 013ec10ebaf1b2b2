"""Losses of two classes to 190 digits, from exact margins and shares."""

from decimal import Decimal, getcontext
from fractions import Fraction

from relaxgap.problems.losses import HINGE, Loss


def entropy(share: Fraction) -> Decimal:
    getcontext().prec = 190
    p = Decimal(share.numerator) / Decimal(share.denominator)
    return -sum((q * q.ln() for q in (p, 1 - p) if q), Decimal(0))


def exact_value(loss: Loss, margins: list[Fraction]) -> Decimal:
    getcontext().prec = 190
    if loss is HINGE:
        total = sum((max(1 - m, Fraction(0)) for m in margins), Fraction(0))
        return Decimal(total.numerator) / Decimal(total.denominator)
    exponents = (-Decimal(m.numerator) / Decimal(m.denominator) for m in margins)
    return sum((max(t, Decimal(0)) + (1 + (-abs(t)).exp()).ln() for t in exponents), Decimal(0))
