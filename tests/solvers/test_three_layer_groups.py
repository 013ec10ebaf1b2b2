"""The three-layer program over sampled groups: certified for these, against a conic solver."""

from dataclasses import replace

import numpy as np
import pytest
from three_layer_programs import optimum, three_layer_program

import relaxgap
from relaxgap.certificates.three_layer.group_prices import (
    GroupList,
    best_multipliers,
    largest_price,
    price_bounds,
    sampled_groups,
)
from relaxgap.certificates.three_layer.groups import Group
from relaxgap.certificates.three_layer.pieces import SignClass
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics.clock import NEVER, Deadline, in_force
from relaxgap.problems.three_layer import COLUMNS, FROBENIUS, NORMALISATIONS, ThreeLayerProgram
from relaxgap.solvers.base import Status
from relaxgap.solvers.three_layer.generation import network_of
from relaxgap.solvers.three_layer.methods import sampled_rounds
from relaxgap.solvers.three_layer.restricted import solve_restricted

BOTH = pytest.mark.parametrize("normalisation", NORMALISATIONS)


def sample(program: ThreeLayerProgram, count: int, seed: int = 0) -> GroupList:
    return sampled_groups(program, count, np.random.default_rng(seed))


def listed(groups: GroupList) -> list[Group]:
    """Return all blocks one by one."""
    found = []
    for output in (1.0, -1.0):
        for inner, A, C in zip(groups.inner, groups.A, groups.C, strict=True):
            n_plus = int(np.count_nonzero(inner > 0.0))
            signs = SignClass.of(n_plus, inner.size - n_plus)
            found.append(Group(signs, output, A, C[np.any(C != 0.0, axis=1)]))
    return found


@BOTH
@pytest.mark.parametrize(
    ("n", "d", "width", "count"), [(8, 2, 2, 20), (20, 4, 2, 15), (6, 2, 3, 9)]
)
def test_an_interior_point_method_agrees_with_a_conic_solver(
    n: int, d: int, width: int, count: int, normalisation: str
) -> None:
    program = three_layer_program(n, d, width, normalisation, 0.01)
    groups = sample(program, count)
    *_, solution = sampled_rounds(program, groups, 1e-7, NEVER)
    assert solution.status is Status.SOLVED
    every = listed(groups)
    network = network_of(program, every, solve_restricted(program, every))
    assert program.value(*network) == pytest.approx(solution.certificate.primal_value, rel=1e-6)
    assert solution.certificate.dual_value <= program.value(*network) * (1.0 + 1e-9)


@BOTH
def test_sampled_groups_are_above_the_optimum_and_more_are_no_worse(normalisation: str) -> None:
    program = three_layer_program(6, 2, 2, normalisation, 0.02)
    best = optimum(program)
    values = []
    for count in (3, 12, 48):
        *_, solution = sampled_rounds(program, sample(program, count), 1e-7, NEVER)
        values.append(solution.certificate)
        assert best.dual_value <= solution.certificate.primal_value
    assert values[2].dual_value <= values[1].primal_value
    assert values[1].dual_value <= values[0].primal_value


@BOTH
def test_any_multipliers_bound_the_price_of_a_group(normalisation: str) -> None:
    rng = np.random.default_rng(1)
    program = three_layer_program(9, 2, 2, normalisation, 0.02)
    groups, nu = sample(program, 12), rng.standard_normal(9)
    which = np.array([(sign, group) for sign in range(2) for group in range(groups.count)])
    best = best_multipliers(program, groups, nu, which).reshape(2, groups.count, -1)
    bounds = price_bounds(program, groups, nu, best)
    loose = price_bounds(program, groups, nu, best + rng.exponential(size=best.shape))
    free = price_bounds(program, groups, nu, 0.0 * best)
    assert np.all(bounds <= free * (1.0 + 1e-12))
    for size in (0.01, 0.3, 3.0):
        z = groups.inside[:, None] + size * rng.standard_normal((groups.count, 500, 4))
        inside = np.all(np.einsum("gkd,gsd->gsk", groups.C, z) >= 0.0, axis=2)
        lengths = np.linalg.norm(z.reshape(groups.count, 500, 2, 2), axis=3)
        cost = lengths.sum(axis=2) if normalisation == FROBENIUS else np.linalg.norm(z, axis=2)
        gains = np.einsum("gnd,gsd,n->gs", groups.A, z, nu) / cost
        gains = np.where(inside, gains, 0.0)
        for sign, gain in enumerate((gains, -gains)):
            most = gain.max(axis=1)
            for bound in (bounds, loose, free):
                assert np.all(most <= bound[sign])


@pytest.mark.parametrize(
    ("n", "d", "width", "share", "count", "seed"),
    [(12, 3, 1, 0.01, 40, 693337532), (4, 4, 3, 0.2, 20, 190312079)],
)
def test_a_barrier_that_does_not_run_ahead_of_the_gap_closes_it(
    n: int, d: int, width: int, share: float, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    result = relaxgap.solve(
        rng.standard_normal((n, d)),
        rng.standard_normal(n),
        beta_fraction=share,
        patterns=f"gaussian:{count}",
        program="three_layer",
        subnetwork_width=width,
        normalisation=FROBENIUS,
    )
    assert result.status is Status.SOLVED


def test_without_time_the_largest_price_is_bounded_all_the_same() -> None:
    program = three_layer_program(8, 2, 2, COLUMNS, 1.0)
    groups = sample(program, 30)
    exact = largest_price(program, groups, program.data.y)
    with in_force(Deadline.after(0.0)):
        assert exact <= largest_price(program, groups, program.data.y) < np.inf


def test_a_deadline_leaves_a_bracket() -> None:
    program = three_layer_program(20, 4, 2, COLUMNS, 0.01)
    groups = sample(program, 20)
    *_, best = sampled_rounds(program, groups, 1e-6, NEVER)
    for seconds in (0.0, 0.02):
        for solution in sampled_rounds(program, groups, 1e-12, Deadline.after(seconds)):
            assert solution.certificate.dual_value <= best.certificate.primal_value
            assert solution.certificate.primal_value >= best.certificate.dual_value
        assert solution.status is Status.TIME_LIMIT


def test_degenerate_rows_and_too_many_groups() -> None:
    rows = np.array([[1.0, 1e-12], [1.0, 1e-12], [0.0, 0.0], [-1.0, 2e-12], [0.5, -1e-12]])
    program = ThreeLayerProgram(Dataset(rows, np.arange(5.0) - 1.0), 0.05, 2, COLUMNS)
    *_, solution = sampled_rounds(program, sample(program, 10), 1e-5, Deadline.after(5.0))
    best = optimum(program)
    assert best.dual_value <= solution.certificate.primal_value
    with pytest.raises(ConfigurationError, match="sample fewer"):
        sample(replace(program, width=2), 10**9)


@BOTH
@pytest.mark.parametrize(("n", "width"), [(4, 2), (3, 3)])
def test_all_groups_have_the_optimum_that_is_found_without_a_list(
    n: int, width: int, normalisation: str
) -> None:
    program = three_layer_program(n, 2, width, normalisation, 0.05, seed=1)
    best = optimum(program)
    every = listed(sample(program, 1500))
    network = network_of(program, every, solve_restricted(program, every))
    assert program.value(*network) == pytest.approx(best.primal_value, rel=1e-7)
