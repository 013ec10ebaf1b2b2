r"""How far sampled relaxations and gradient methods are from the certified global optimum.

One cell solves the program over *all* patterns (the exact optimum), the Gaussian relaxations of
nested samples of gates, and trains networks from random starts, all on the same data and ``beta``.
It serves the figures against :math:`\log n` and against the width.

References
----------
Kim & Pilanci (2024), Theorems 1 to 3 and Figure 1.
"""

from relaxgap.experiments.parts.contenders import GapRecord, contenders, solve_over
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.patterns.enumeration import enumerate_patterns


def optimality_gap(spec: CellSpec) -> list[GapRecord]:
    """Solve one instance exactly, by every relaxation and by every training method."""
    data = spec.load_data()
    everything = enumerate_patterns(data.X, limit=spec.patterns.limit)
    beta = spec.regularisation.resolve(data, everything)
    exact = solve_over(spec, data, beta, everything, "exact")
    return [exact, *contenders(spec, data, beta)]
