"""``relaxgap solve`` over all patterns of an arrangement too large to enumerate."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.cli.bracket_progress import follow
from relaxgap.cli.program_options import bracket_sentence
from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import to_blocks, to_network
from relaxgap.patterns import predicted_count
from relaxgap.problems import ConvexReLUProgram

MOST_DIGITS = 4000
"""A count of more digits than Python writes is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class SolvedProgram:
    """Hold what ``solve`` prints and writes.

    Parameters
    ----------
    row : dict
        What ``--json`` prints, but for the options of the command.
    arrays : dict
        What ``--out`` writes.
    verdict : str
        A sentence.
    stopped : str
        What ended the work early, if anything.
    """

    row: dict[str, Any]
    arrays: dict[str, Float64[np.ndarray, "..."]]
    verdict: str
    stopped: str = ""


def solve_over_all(solver: GlobalSolver, data: Dataset, beta: float) -> SolvedProgram:
    """Bracket the optimum over networks of every width."""
    followed = follow(solver, data, beta)
    solution = followed.solution
    certificate = solution.certificate
    blocks = to_blocks(solution.network, data)
    network = to_network(blocks.point)
    program = ConvexReLUProgram(data, blocks.patterns, beta)
    count = predicted_count(data.X).cover_count
    row = {
        "status": str(solution.status),
        "primal_value": certificate.primal_value,
        "dual_value": certificate.dual_value,
        "relative_gap": certificate.relative_gap,
        "n_patterns": count if count < 10**MOST_DIGITS else None,
        "complete": True,
        "certificate": solution.bound,
        "active_blocks": blocks.point.active_blocks,
        "max_cone_violation": program.max_cone_violation(blocks.point),
        "solver": "global_optimum",
        "n_iterations": solution.n_rounds,
        "solve_seconds": solution.seconds,
        "beta": beta,
    }
    return SolvedProgram(
        row,
        {"hidden": network.hidden, "output": network.output},
        bracket_sentence(certificate, "all two-layer ReLU networks of any width"),
        followed.stopped,
    )
