from dataclasses import replace

import numpy as np
import pytest
from instances import overlap, random_point, random_program, restricted, thresholded

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems import ConeBlocks, Program, relu_program
from relaxgap.solvers import SemismoothNewton


def some_program(seed: int, n: int = 6, d: int = 3) -> Program:
    return random_program(relu_program, n, d, seed, fraction=0.05, n_gates=8)


def signs_allowed(program: Program, u: bool, v: bool) -> Program:
    n_patterns = program.patterns.n_patterns
    return replace(program, family=ConeBlocks(np.repeat([[u], [v]], n_patterns, axis=1)))


@pytest.mark.parametrize("seed", range(6))
def test_allowing_more_blocks_never_raises_the_optimum(seed: int) -> None:
    program = some_program(seed)
    few = restricted(program, seed, share=0.4)
    assert few.family.allowed is not None
    more = replace(
        few,
        family=ConeBlocks(
            few.family.allowed | np.eye(2, few.family.allowed.shape[1], dtype=np.bool_)
        ),
    )
    values = [SemismoothNewton(1e-9).solve(p).certificate for p in (program, more, few)]
    assert values[0].dual_value <= values[1].primal_value
    assert values[1].dual_value <= values[2].primal_value


def test_a_forbidden_sign_costs_the_labels_of_that_sign() -> None:
    # over orthonormal rows positive and negative labels separate
    data = Dataset(np.eye(3), np.array([1.5, -2.0, 0.7]))
    program = relu_program(data, enumerate_patterns(data.X), 0.6)
    positive = float(np.hypot(1.5, 0.7))
    for u, v, optimum in (
        (True, False, thresholded(positive, 0.6) + 0.5 * 2.0**2),
        (False, True, thresholded(2.0, 0.6) + 0.5 * positive**2),
        (False, False, 0.5 * float(data.y @ data.y)),
    ):
        found = SemismoothNewton(1e-9).solve(signs_allowed(program, u, v)).certificate
        assert found.dual_value <= optimum * (1.0 + 1e-14)
        assert found.primal_value >= optimum * (1.0 - 1e-14)
        assert found.relative_gap <= 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_labels_of_the_other_sign_exchange_the_rows_of_what_is_allowed(seed: int) -> None:
    program = restricted(some_program(seed), seed)
    assert program.family.allowed is not None
    data = Dataset(program.data.X, -program.data.y)
    other = replace(program, data=data, family=ConeBlocks(program.family.allowed[::-1]))
    solver = SemismoothNewton(1e-9)
    assert overlap(solver.solve(program).certificate, solver.solve(other).certificate)


def test_forbidden_blocks_are_set_to_zero_and_the_others_kept() -> None:
    program = some_program(0)
    point = random_point(program, np.random.default_rng(0))
    assert program.without_forbidden(point) is point
    assert program.n_forbidden(point) == 0
    only_u = signs_allowed(program, True, False)
    assert only_u.n_forbidden(point) == program.patterns.n_patterns
    assert only_u.max_cone_violation(point) == 1.0
    kept = only_u.without_forbidden(point)
    assert np.array_equal(kept.w[0], point.w[0])
    assert not np.any(kept.w[1])
    assert only_u.n_forbidden(kept) == 0
    assert only_u.max_cone_violation(kept) <= 1e-14


def test_what_is_allowed_must_speak_of_every_block() -> None:
    program = some_program(0)
    n_patterns = program.patterns.n_patterns
    for size in (0, n_patterns - 1, n_patterns + 1):
        with pytest.raises(ConfigurationError, match=rf"\(2, {n_patterns}\)"):
            replace(program, family=ConeBlocks(np.ones((2, size), dtype=np.bool_)))


def test_other_patterns_do_not_inherit_what_is_allowed() -> None:
    program = signs_allowed(some_program(0), True, False)
    with pytest.raises(ConfigurationError, match="for each sign and pattern"):
        replace(program, patterns=program.patterns.subset(np.arange(3)))
