from dataclasses import replace

import numpy as np
import pytest
from instances import degenerate_program, random_point, random_program, restricted
from rational import certificate_holds

from relaxgap.certificates import block_prices, certify, violating_patterns
from relaxgap.certificates.prices.cones import SIGNS, price_exactly
from relaxgap.certificates.prices.pricing import prices_by_multipliers
from relaxgap.patterns import sample_patterns
from relaxgap.problems import Blocks, ConeBlocks, Program, relu_program
from relaxgap.solvers import SemismoothNewton


def restricted_program(seed: int, complete: bool = True) -> Program:
    n_gates = None if complete else 20
    program = random_program(relu_program, 6, 3, seed, fraction=0.05, n_gates=n_gates)
    return restricted(program, seed)


def exact_prices(program: Program, nu: np.ndarray) -> np.ndarray:
    X, patterns = program.data.X, program.patterns
    return np.array(
        [
            [price_exactly(X, patterns, nu, sign, i).price for i in range(patterns.n_patterns)]
            for sign in SIGNS
        ]
    )


def random_feasible_points(
    program: Program, rng: np.random.Generator, n_points: int
) -> list[Blocks]:
    shape = (program.patterns.n_patterns, program.data.d)
    size = float(np.linalg.norm(program.data.y)) / max(float(np.linalg.norm(program.data.X)), 1e-9)
    points = []
    for _ in range(n_points):
        drawn = size * rng.standard_normal((2, *shape)) * (rng.random((2, shape[0], 1)) < 0.3)
        points.append(program.into_cones(Blocks.of(drawn[0], drawn[1])))
    return points


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_price_of_a_forbidden_block_is_zero_and_the_others_bound_theirs(
    seed: int, complete: bool
) -> None:
    program = restricted_program(seed, complete)
    assert program.family.allowed is not None
    assert program.patterns.complete == complete
    nu = np.random.default_rng(seed).standard_normal(6)
    exact = exact_prices(program, nu)
    multipliers = np.abs(np.random.default_rng(1).standard_normal((*exact.shape, 6)))
    for prices in (
        block_prices(program, nu, 0.1),
        block_prices(program, nu, 0.1, exact=False),
        prices_by_multipliers(program, nu, multipliers),
    ):
        assert np.all(prices.bounds[~program.family.allowed] == 0.0)
        assert np.all(
            prices.bounds[program.family.allowed] >= exact[program.family.allowed] - 1e-12
        )
    tight = block_prices(program, nu, 0.0).largest
    assert tight == pytest.approx(exact[program.family.allowed].max(), rel=1e-9)


def test_a_forbidden_block_of_infinite_price_does_not_spoil_the_bound() -> None:
    program = restricted_program(0)
    assert program.family.allowed is not None
    nothing = replace(program, family=ConeBlocks(np.zeros_like(program.family.allowed)))
    with np.errstate(over="ignore", invalid="ignore"):
        prices = block_prices(nothing, np.full(6, 1e308), 1.0)
    assert prices.largest == 0.0
    certificate = certify(nothing, nothing.zero())
    assert certificate.relative_gap <= 1e-13


@pytest.mark.parametrize("seed", range(6))
def test_no_pattern_violates_with_a_block_that_is_forbidden(seed: int) -> None:
    program = restricted_program(seed)
    assert program.family.allowed is not None
    nu = 10.0 * np.random.default_rng(seed).standard_normal(6)
    free = replace(program, family=ConeBlocks(None))
    n_patterns = program.patterns.n_patterns
    exact = exact_prices(program, nu)
    violated = np.any(program.family.allowed & (exact > program.beta), axis=0)
    for prices in (block_prices(program, nu, program.beta), block_prices(free, nu, program.beta)):
        rows = violating_patterns(program, nu, prices, n_patterns)
        assert rows.size > 0
        assert np.all(violated[rows])


def test_a_point_with_a_forbidden_block_is_refused_until_it_is_moved_into_the_cones() -> None:
    program = restricted_program(1)
    point = random_point(program, np.random.default_rng(0))
    with pytest.raises(ValueError, match="does not allow"):
        certify(program, point)
    moved = program.into_cones(point)
    assert program.n_forbidden(moved) == 0
    assert moved.active_blocks == np.count_nonzero(program.family.allowed)
    assert certify(program, moved).duality_gap >= 0.0


def test_a_large_forbidden_block_does_not_make_the_others_negligible() -> None:
    program = restricted_program(2)
    assert program.family.allowed is not None
    gates = program.patterns.gates
    scale = np.where(program.family.allowed, 1.0, 1e30)[..., None]
    kept = program.into_cones(Blocks.of(scale[0] * gates, scale[1] * gates))
    assert kept.active_blocks == np.count_nonzero(program.family.allowed)


@pytest.mark.parametrize("seed", range(16))
def test_the_dual_point_is_feasible_for_the_allowed_blocks_in_exact_arithmetic(seed: int) -> None:
    n, d = 1 + seed % 4, 1 + seed % 3
    program = restricted(degenerate_program(relu_program, seed, n, d), seed)
    rng = np.random.default_rng(seed)
    solution = SemismoothNewton(1e-8, max_rounds=8).solve(program)
    for point in (program.zero(), solution.point, *random_feasible_points(program, rng, 2)):
        certificate = certify(program, point)
        assert certificate_holds(program, certificate)
    assert certificate_holds(program, solution.certificate)


@pytest.mark.parametrize("seed", range(24))
def test_no_feasible_point_is_below_a_dual_value(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = degenerate_program(relu_program, seed, 5, 3)
    if seed % 2:
        base = replace(base, patterns=sample_patterns(base.data.X, 6, rng))
    program = restricted(base, seed, share=rng.uniform(0.1, 0.9))
    solution = SemismoothNewton(1e-8, max_rounds=8).solve(program)
    points = random_feasible_points(program, rng, 6)
    duals = [certify(program, point).dual_value for point in points]
    duals.append(solution.certificate.dual_value)
    towards = [
        Blocks.of(
            0.99 * solution.point.w[0] + 0.01 * q.w[0], 0.99 * solution.point.w[1] + 0.01 * q.w[1]
        )
        for q in points
    ]
    for point in (program.zero(), solution.point, *points, *towards):
        assert program.n_forbidden(point) == 0
        assert max(duals) <= program.value(point) * (1.0 + 1e-13)
