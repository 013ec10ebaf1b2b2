r"""How far sampled relaxations and gradient methods are from the certified global optimum.

One cell solves the program over *all* patterns (the exact optimum), the Gaussian relaxations of
nested samples of gates, and trains networks from random starts, all on the same data and ``beta``.
It serves the figures against :math:`\log n` and against the width.

References
----------
Kim & Pilanci (2024), Theorems 1 to 3 and Figure 1.
"""

from dataclasses import asdict, dataclass

from relaxgap.experiments.contenders import contenders, solve_over
from relaxgap.experiments.specs import CellSpec
from relaxgap.patterns.enumeration import enumerate_patterns


@dataclass(frozen=True, slots=True)
class GapRecord:
    """One row: what one method reached on one instance, as in `Contender`.

    The method ``exact`` ranges over all patterns.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    beta_fraction: float | None
    method: str
    size_rule: str
    n_gates: int | None
    n_patterns: int | None
    width: int | None
    start: int | None
    status: str
    primal_value: float
    dual_value: float | None
    n_iterations: int
    solve_seconds: float


def optimality_gap(spec: CellSpec) -> list[GapRecord]:
    """Solve one instance exactly, by every relaxation and by every training method."""
    data = spec.load_data()
    everything = enumerate_patterns(data.X, limit=spec.patterns.limit)
    beta = spec.regularisation.resolve(data, everything)
    rows = [
        solve_over(spec, data, beta, everything, "exact"),
        *contenders(spec, data, beta),
    ]
    return [
        GapRecord(
            data=spec.data_label,
            n=data.n,
            d=data.d,
            seed=spec.seed,
            beta=beta,
            beta_fraction=spec.regularisation.beta_fraction,
            **asdict(row),
        )
        for row in rows
    ]
