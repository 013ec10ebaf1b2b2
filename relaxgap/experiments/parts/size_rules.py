"""Sizes that follow the data: ``64``, ``2 n``, ``8 log n``, ``2 m_pruned``."""

import math
import re

from relaxgap.errors import ConfigurationError

SIZE_RULE = re.compile(r"\s*(?P<factor>\d+(\.\d+)?)?\s*\*?\s*(?P<growth>log n|n|m_pruned)?\s*")


def size_of(rule: str, n: int, pruned_width: int | None = None) -> int:
    """Evaluate a size rule such as ``64``, ``n``, ``2 n``, ``8 log n`` or ``2 m_pruned``.

    The size is rounded up and at least 1; ``m_pruned`` is the width of one optimum after merging
    and pruning, where one is known.

    Raises
    ------
    ConfigurationError
        If the rule has another form, gives less than one or needs a width that is not known.
    """
    match = SIZE_RULE.fullmatch(rule)
    if match is None or not rule.strip():
        raise ConfigurationError(
            "Expected a size such as 64, 'n', '2 n', '8 log n' or '2 m_pruned', "
            f"got {rule!r}; use that form."
        )
    if match["growth"] == "m_pruned" and pruned_width is None:
        raise ConfigurationError(
            f"Expected a size in terms of n, got {rule!r}; only success_vs_width knows m_pruned."
        )
    factor = float(match["factor"] or 1.0)
    growth = {"log n": math.log(n), "n": float(n), "m_pruned": float(pruned_width or 1), None: 1.0}[
        match["growth"]
    ]
    if factor <= 0.0:
        raise ConfigurationError(f"Expected a positive size, got {rule!r}; raise its factor.")
    return max(1, math.ceil(factor * growth))
