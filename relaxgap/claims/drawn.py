"""Claims without an experiment of their own, judged on instances drawn here."""

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from relaxgap.claims.claim import Claim, Outcome, Verdict
from relaxgap.data.gaussian import GaussianData
from relaxgap.theory.instance import Instance

SIZES = (4, 8, 16)
ASPECT_RATIOS = (1.0, 2.0)
STRENGTHS = (0.1, 1.0)
N_SEEDS = 9
GATES_PER_LOG = 8.0


def drawn_instances() -> Iterator[Instance]:
    """Draw Gaussian instances of every size, aspect ratio and strength: the same each time.

    With noise labels and 8 log n gates.
    """
    rng = np.random.default_rng(0)
    for n, c, beta, _ in product(SIZES, ASPECT_RATIOS, STRENGTHS, range(N_SEEDS)):
        data = GaussianData(n, aspect_ratio=c, labels="noise").load(rng)
        gates = rng.standard_normal((round(GATES_PER_LOG * math.log(n)), data.d))
        yield Instance(data, gates, beta, is_gaussian=True)


def judged_on_drawn(claim: Claim) -> Verdict:
    """Judge a claim by what it says of every drawn instance to which it applies."""
    if claim.evaluate is None:
        return Verdict(Outcome.NOT_RUN, 0, "no experiment, and not evaluated on an instance")
    n_instances = 0
    for given in drawn_instances():
        found = claim.evaluate(given)
        n_instances += found.applies
        if found.applies and not found.holds:
            detail = (
                f"{found.left:.3g} above {found.right:.3g} at n {given.data.n}, d {given.data.d}, "
                f"beta {given.beta:g}"
            )
            return Verdict(Outcome.CONTRADICTED, n_instances, detail)
    # how far below the right side the left one is may be rounding, and another elsewhere
    detail = f"on Gaussian instances drawn for it, n = {SIZES[0]} to {SIZES[-1]}"
    return Verdict(Outcome.HOLDS if n_instances else Outcome.NOT_RUN, n_instances, detail)
