"""Sizes that follow the data: ``64``, ``2 n``, ``8 log n``, ``theorem_1``, ``2 m_pruned``."""

import math
import re

from relaxgap.errors import ConfigurationError
from relaxgap.theory.random_interpolation import theorem_1_gates

THEOREM_1 = "theorem_1"
"""As many gates as Theorem 1 asks for; a factor in front of it is one of their number."""
SIZE_RULE = re.compile(
    rf"\s*(?P<factor>\d+(\.\d+)?)?\s*\*?\s*(?P<growth>log n|n|m_pruned|{THEOREM_1})?\s*"
)


def size_of(rule: str, n: int, pruned_width: int | None = None, d: int | None = None) -> int:
    """Evaluate a size rule such as ``64``, ``n``, ``2 n``, ``8 log n``, ``theorem_1``.

    The size is rounded up and at least 1. Two rules need more than ``n``: ``m_pruned`` is the width
    of one optimum after merging and pruning, where one is known, and ``theorem_1`` a number of
    gates (`theorem_1_gates`), which the features decide too.

    Raises
    ------
    ConfigurationError
        If the rule has another form, gives less than one or needs a number that is not known.
    """
    match = SIZE_RULE.fullmatch(rule)
    if match is None or not rule.strip():
        raise ConfigurationError(
            "Expected a size such as 64, 'n', '2 n', '8 log n', 'theorem_1' or '2 m_pruned', "
            f"got {rule!r}; use that form."
        )
    if match["growth"] == "m_pruned" and pruned_width is None:
        raise ConfigurationError(
            f"Expected a size in terms of n, got {rule!r}; only success_vs_width knows m_pruned."
        )
    if match["growth"] == THEOREM_1 and d is None:
        raise ConfigurationError(
            f"Expected a width in terms of n, got {rule!r}, which is a number of gates; "
            "it belongs into patterns.n_gates."
        )
    factor = float(match["factor"] or 1.0)
    growth = {
        "log n": math.log(n),
        "n": float(n),
        "m_pruned": float(pruned_width or 1),
        THEOREM_1: theorem_1_gates(n / (d or n), n),
        None: 1.0,
    }[match["growth"]]
    if factor <= 0.0:
        raise ConfigurationError(f"Expected a positive size, got {rule!r}; raise its factor.")
    return max(1, math.ceil(factor * growth))
