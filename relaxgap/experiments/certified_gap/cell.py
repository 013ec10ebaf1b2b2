r"""Relaxations and trained networks against a certified bracket of the global optimum, at scale.

Up to some 20 samples all patterns are priced; beyond, branch and bound on activations and spectral
bounds hold for all of them without listing one. The unit of a fraction of ``beta_max`` is the
largest price of the labels that local ascent finds, at every size.

References
----------
Kim & Pilanci (2024), Theorems 1 and 3: ratios of at most :math:`C \\sqrt{\\log 2n}`.
"""

from dataclasses import asdict, dataclass

from relaxgap.experiments.parts.contenders import GapRecord, contenders, instance_of
from relaxgap.experiments.parts.specs import CellSpec


@dataclass(frozen=True, slots=True)
class CertifiedGapRecord(GapRecord):
    """One row, as in `GapRecord`.

    Parameters
    ----------
    certificate : str
        How the lower bound of ``global`` was proven; empty for the others.
    """

    certificate: str = ""


def certified_gap(spec: CellSpec) -> list[CertifiedGapRecord]:
    """Bracket the optimum of one instance, then measure every contender against it."""
    data = spec.load_data()
    beta = spec.regularisation.resolve_by_ascent(data)
    solution = spec.optimum.solver().solve(data, beta)
    optimum = CertifiedGapRecord(
        **instance_of(spec, data, beta),  # type: ignore[arg-type]
        method="global",
        size_rule="",
        n_gates=None,
        n_patterns=None,
        width=None,
        start=None,
        status=solution.status,
        primal_value=solution.certificate.primal_value,
        dual_value=solution.certificate.dual_value,
        n_iterations=solution.n_rounds,
        solve_seconds=solution.seconds,
        certificate=solution.bound,
    )
    others = [CertifiedGapRecord(**asdict(row)) for row in contenders(spec, data, beta)]
    return [optimum, *others]
