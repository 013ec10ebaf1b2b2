"""Nested samples of gates on one instance, and the bounds of the gated optimum that rows share.

References
----------
Kim & Pilanci (2024), Propositions 3 and 4, Corollary 2 and equation (7).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.needs import Sampling
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.theory import gated_ratio
from relaxgap.theory.instance import Instance


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One row: one sample of gates on one instance at one strength.

    Parameters
    ----------
    n_gates, n_patterns : int
        Gates drawn, and distinct patterns of them.
    prop3_bound, eq7_bound : float or None
        Upper bounds with the matrix of the sample; None if it may be singular.
    prop4_bound, cor2_bound : float
        Lower bounds of the gated optimum over all patterns.
    kappa : float
        Condition number.
    """

    data: str
    n: int
    d: int
    seed: int
    beta: float
    n_gates: int
    n_patterns: int
    prop3_bound: float | None
    prop4_bound: float
    cor2_bound: float
    eq7_bound: float | None
    kappa: float


def samples(cell: Cell[Sampling], whole: Instance, beta: float) -> Iterator[tuple[str, Instance]]:
    """Yield each size rule with the instance that has so many gates."""
    data = whole.data
    for rule in cell.settings.patterns.n_gates:
        # a fresh generator each time: every sample starts with the smaller ones
        gates = cell.streams()[1].standard_normal((size_of(rule, data.n, d=data.d), data.d))
        yield rule, Instance(data, gates, beta, rtol=cell.settings.solver.rtol)


def shared_fields(
    cell: Cell[Sampling], whole: Instance, given: Instance
) -> dict[str, str | int | float | None]:
    """Return the fields of `SampleRecord`.

    Parameters
    ----------
    cell : Cell
        Whose instance it is.
    whole : Instance
        The same data: its price and its spectrum are computed once for all samples.
    given : Instance
        The sample.
    """
    data, price, M = given.data, whole.price_bound, given.sampled_gram
    third = gated_ratio.proposition_3(M, data.y, given.beta).value
    seventh = gated_ratio.equation_7(price, M, data.y).value
    return {
        "data": cell.data.label,
        "n": data.n,
        "d": data.d,
        "seed": cell.seed,
        "beta": given.beta,
        "n_gates": given.n_gates,
        "n_patterns": given.patterns.n_patterns,
        "prop3_bound": third if math.isfinite(third) else None,
        "prop4_bound": gated_ratio.proposition_4(price, data.y, given.beta).value,
        "cor2_bound": gated_ratio.corollary_2(whole.largest, data.y, given.beta).value,
        "eq7_bound": seventh if math.isfinite(seventh) else None,
        "kappa": whole.kappa,
    }
