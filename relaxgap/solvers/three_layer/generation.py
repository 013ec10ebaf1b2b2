"""The optimum over all groups by column generation: price, take in groups, solve over these.

A round prices all sub-networks at the residual, takes in the groups around the best of them, and
solves the convex program over the groups so far; those of no weight are dropped.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float64

from relaxgap.certificates.three_layer.duality import ThreeLayerBracket
from relaxgap.certificates.three_layer.groups import Group, group_around
from relaxgap.certificates.three_layer.pieces import SignClass
from relaxgap.certificates.three_layer.prices import (
    Candidates,
    ThreeLayerPricing,
    spectral_price,
)
from relaxgap.numerics.clock import checkpoint
from relaxgap.problems.three_layer import COLUMNS, ThreeLayerProgram
from relaxgap.solvers.three_layer.local_gains import ascended
from relaxgap.solvers.three_layer.polish import polished, value_of
from relaxgap.solvers.three_layer.restricted import solve_restricted

SELECTIONS, SPECTRAL = "selections", "spectral"
"""What proves a price: branch and bound over pieces, or the largest singular value of the rows."""
MAX_ROUNDS = 200
MAX_STALLED = 3
"""Rounds without a better bracket that end the work."""
GROUPS_A_ROUND = 16
NEAR_BEST = 0.9
"""Part of the largest price that ascent finds up to which no sub-network is sought: far from the
optimum very many are above the strength."""
NEGLIGIBLE = 1e-9
"""Part of the largest group from which on a group counts."""
SMALL = (1e-5, NEGLIGIBLE)
"""The same, tried one after another: a small group may be one that the solver did not empty."""

Weights = tuple[Float64[np.ndarray, "K m d"], Float64[np.ndarray, "K m"], Float64[np.ndarray, " K"]]


def generated_rounds(
    program: ThreeLayerProgram,
    searches: Sequence[ThreeLayerPricing],
    rtol: float,
    rng: np.random.Generator,
) -> Iterator[ThreeLayerBracket]:
    """Yield brackets of the optimum over all groups, each inside the one before.

    Parameters
    ----------
    program : ThreeLayerProgram
        In units where rows and labels are about 1.
    searches : sequence of ThreeLayerPricing
        Of all sub-networks, ever more thorough: the next is for when one that is not complete has
        no new sub-networks to name.
    rtol : float
        Relative gap at which to end.
    rng : Generator
        Of starts of local ascent.
    """
    bracket, level, stalled = ThreeLayerBracket.unsolved(program), 0, 0
    groups: list[Group] = []
    network: Weights = bracket.hidden, bracket.inner, bracket.output
    # before a search that may take long: a network of what ascent finds
    first = _groups(program, ascended(program, program.data.y, rng))
    if first:
        groups, network = _solved(program, first)
        bracket = bracket.with_network(program, *network)
        yield bracket
    for _ in range(MAX_ROUNDS):
        residual = program.data.y - program.fit(*network)
        climbed = ascended(program, residual, rng)
        most = max(float(some.price.max(initial=0.0)) for some in climbed)
        found = searches[level](residual, max(program.beta, NEAR_BEST * most))
        before = bracket
        spectral = spectral_price(program, residual)
        proven_by = SELECTIONS if found.largest <= spectral else SPECTRAL
        largest = min(found.largest, spectral)
        bracket = bracket.with_dual_point(program, residual, largest, proven_by)
        yield bracket
        if bracket.relative_gap <= rtol:
            return
        known = {group.key for group in groups}
        new = [group for group in _groups(program, found.best + climbed) if group.key not in known]
        if new and stalled < MAX_STALLED:
            checkpoint()
            groups, network = _solved(program, groups + new)
            bracket = bracket.with_network(program, *network)
            stalled = 0 if bracket.relative_gap < before.relative_gap else stalled + 1
        elif not found.complete and level + 1 < len(searches):
            level, stalled = level + 1, 0
        else:
            return


def _solved(program: ThreeLayerProgram, groups: list[Group]) -> tuple[list[Group], Weights]:
    """Solve the program over some groups; return those that count and their network.

    Where the solver fails that is none.
    """
    blocks = solve_restricted(program, groups)
    sizes = np.array([np.linalg.norm(block) for block in blocks])
    largest = float(sizes.max(initial=0.0))
    if not np.isfinite(largest) or largest == 0.0:
        return [], network_of(program, [], [])
    value = value_of(program, groups, blocks)
    for share in SMALL:
        kept = np.flatnonzero(sizes > share * largest)
        some = [groups[g] for g in kept]
        found = polished(program, some, [blocks[g] for g in kept], value)
        if found is not None:
            return some, network_of(program, some, found)
    kept = np.flatnonzero(sizes > NEGLIGIBLE * largest)
    groups, blocks = [groups[g] for g in kept], [blocks[g] for g in kept]
    return groups, network_of(program, groups, blocks)


def _groups(program: ThreeLayerProgram, best: Sequence[Candidates]) -> list[Group]:
    """Return the groups around the best candidates, no two alike."""
    groups: dict[tuple[float, bytes, bytes], Group] = {}
    ranked = sorted(
        (
            (price, output, z, some.signs)
            for some in best
            for price, output, z in zip(some.price, some.output, some.z, strict=True)
        ),
        key=lambda candidate: -candidate[0],
    )
    for price, output, z, signs in ranked:
        if price <= program.beta or len(groups) == GROUPS_A_ROUND:
            break
        group = group_around(program.data.X, signs, output, z)
        groups.setdefault(group.key, group)
    return list(groups.values())


def network_of(
    program: ThreeLayerProgram,
    groups: Sequence[Group],
    blocks: Sequence[Float64[np.ndarray, " _"]],
) -> Weights:
    """Return the network of blocks, one sub-network each, of no larger loss."""
    d, m = program.data.d, program.width
    hidden, inner = np.zeros((len(groups), m, d)), np.ones((len(groups), m))
    for k, (group, block) in enumerate(zip(groups, blocks, strict=True)):
        hidden[k], inner[k] = widened(program, group.signs, block.reshape(-1, d))
    return hidden, inner, np.array([group.output for group in groups])


def widened(
    program: ThreeLayerProgram, signs: SignClass, z: Float64[np.ndarray, "c d"]
) -> tuple[Float64[np.ndarray, "m d"], Float64[np.ndarray, " m"]]:
    """Return neurons and second-layer signs at the program's width.

    A neuron of a two-layer network is shared by equal neurons of unit columns: that costs least.
    """
    m = program.width
    if signs.m == m:
        return z, signs.signs
    if program.normalisation == COLUMNS:
        return np.repeat(z, m, axis=0) / m, np.ones(m)
    return np.vstack([z, np.zeros((m - 1, z.shape[1]))]), np.ones(m)
