r"""Relaxations and trained networks against a certified bracket of the global optimum, at scale.

Up to some 20 samples all patterns are priced; beyond, branch and bound on activations and spectral
bounds hold for all of them without listing one. The unit of a fraction of ``beta_max`` is the
largest price of the labels that local ascent finds, at every size.

References
----------
Kim & Pilanci (2024), Theorems 1 and 3: ratios of at most :math:`C \\sqrt{\\log 2n}`.
"""

from dataclasses import asdict, dataclass

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.contenders import Contender, contenders
from relaxgap.experiments.specs import CellSpec
from relaxgap.solvers.local_pricing import estimate_beta_max


@dataclass(frozen=True, slots=True)
class CertifiedGapRecord:
    """One row: what one method reached on one instance, as in `Contender`.

    Parameters
    ----------
    method : str
        ``global``: the value of the best network known and the lower bound over all networks.
    certificate : str
        How the lower bound of ``global`` was proven; empty for the others.
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
    certificate: str
    n_iterations: int
    solve_seconds: float


def certified_gap(spec: CellSpec) -> list[CertifiedGapRecord]:
    """Bracket the optimum of one instance, then measure every contender against it."""
    data = spec.load_data()
    beta = _strength(spec, data)
    solution = spec.optimum.solver().solve(data, beta)
    optimum = Contender(
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
    )
    return [
        CertifiedGapRecord(
            data=spec.data_label,
            n=data.n,
            d=data.d,
            seed=spec.seed,
            beta=beta,
            beta_fraction=spec.regularisation.beta_fraction,
            certificate=solution.bound if row is optimum else "",
            **asdict(row),
        )
        for row in (optimum, *contenders(spec, data, beta))
    ]


def _strength(spec: CellSpec, data: Dataset) -> float:
    fraction = spec.regularisation.beta_fraction
    if fraction is None:
        return spec.absolute_beta()
    unit = estimate_beta_max(data)
    if unit == 0.0:
        raise ConfigurationError(
            "Expected data with beta_max > 0, got beta_max = 0 (X or y is zero); give beta."
        )
    return fraction * unit
