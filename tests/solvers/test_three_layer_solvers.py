"""Parallel three-layer networks: brackets over all groups, against two layers and training."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from three_layer_programs import at_width, optimum, three_layer_program

import relaxgap
from relaxgap.certificates.three_layer.groups import Group, group_around
from relaxgap.certificates.three_layer.pieces import sign_classes
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.networks.three_layer_network import ThreeLayerNetwork
from relaxgap.numerics.clock import NEVER, Deadline, in_force
from relaxgap.problems.three_layer import COLUMNS, FROBENIUS, NORMALISATIONS, ThreeLayerProgram
from relaxgap.solvers.base import Status
from relaxgap.solvers.three_layer.local_gains import ascended
from relaxgap.solvers.three_layer.methods import in_units, three_layer_rounds
from relaxgap.training.three_layer_descent import METHODS, ThreeLayerDescent, losses, train

BOTH = pytest.mark.parametrize("normalisation", NORMALISATIONS)


def is_inside(group: Group, z: np.ndarray, room: float) -> bool:
    return bool(np.all(group.C @ z.ravel() >= -room))


@BOTH
@pytest.mark.parametrize(
    ("n", "d", "width", "beta"), [(6, 2, 2, 0.02), (6, 3, 2, 0.01), (8, 2, 2, 0.03), (4, 2, 3, 0.1)]
)
def test_the_exact_bracket_closes(
    n: int, d: int, width: int, beta: float, normalisation: str
) -> None:
    program = three_layer_program(n, d, width, normalisation, beta)
    bracket = optimum(program)
    assert bracket.relative_gap <= 1e-8
    loss = program.value(bracket.hidden, bracket.inner, bracket.output)
    assert bracket.dual_value <= loss <= bracket.primal_value
    network = ThreeLayerNetwork(bracket.hidden, bracket.inner, bracket.output)
    mapped = network.balanced(normalisation).training_loss(program)
    assert mapped == pytest.approx(loss, rel=1e-12)


@BOTH
@pytest.mark.parametrize("seed", range(3))
def test_width_one_is_two_layers(seed: int, normalisation: str) -> None:
    program = three_layer_program(7, 3, 1, normalisation, 0.02, seed)
    bracket = optimum(program)
    two = relaxgap.solve(program.data.X, program.data.y, beta=program.beta, rtol=1e-9)
    assert bracket.dual_value <= two.primal_value
    assert two.dual_value <= bracket.primal_value
    assert bracket.primal_value == pytest.approx(two.primal_value, rel=1e-8)


@pytest.mark.parametrize("seed", range(12))
def test_columns_are_below_frobenius_below_two_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 7)), int(rng.integers(1, 4))
    program = three_layer_program(n, d, 2, COLUMNS, float(10 ** rng.uniform(-3, -1)), seed)
    columns = optimum(program, 1e-7)
    frobenius = optimum(replace(program, normalisation=FROBENIUS), 1e-7)
    two = optimum(at_width(program, 1), 1e-7)
    assert columns.dual_value <= frobenius.primal_value
    assert frobenius.dual_value <= two.primal_value
    assert columns.relative_gap <= 1e-6


@pytest.mark.parametrize("n", [3, 4])
def test_frobenius_gains_nothing_on_few_rows_in_the_plane(n: int) -> None:
    few = three_layer_program(n, 2, 2, FROBENIUS, 0.05)
    assert optimum(few).primal_value == pytest.approx(
        optimum(at_width(few, 1)).primal_value, rel=1e-8
    )


@pytest.mark.parametrize(("n", "beta", "seed"), [(5, 0.05, 1), (6, 0.01, 0)])
def test_frobenius_gains_something_from_five_rows_on(n: int, beta: float, seed: int) -> None:
    program = three_layer_program(n, 2, 2, FROBENIUS, beta, seed)
    assert optimum(program).primal_value < 0.99 * optimum(at_width(program, 1)).dual_value


@BOTH
@pytest.mark.parametrize("n", [4, 5, 6])
def test_no_restart_falls_below_and_the_best_comes_near(n: int, normalisation: str) -> None:
    program = three_layer_program(n, 2, 2, normalisation, 0.02, seed=n)
    bracket = optimum(program)
    plan = ThreeLayerDescent(width=n + 1, n_runs=6, n_steps=400)
    found = losses(program, *train(program, plan, np.random.default_rng(n)))
    assert found.min() >= bracket.dual_value
    assert found.min() <= bracket.primal_value * 1.1


@pytest.mark.parametrize("method", METHODS)
def test_every_training_method_lowers_the_loss(method: str) -> None:
    program = three_layer_program(5, 2, 2, COLUMNS, 0.02)
    plan = ThreeLayerDescent(method, width=6, n_runs=3, n_steps=200)
    found = losses(program, *train(program, plan, np.random.default_rng(0)))
    assert optimum(program).dual_value <= found.min() < 0.5


@BOTH
def test_thousands_of_random_networks_are_above_the_lower_bound(normalisation: str) -> None:
    program = three_layer_program(6, 2, 2, normalisation, 0.02)
    bracket, rng = optimum(program), np.random.default_rng(0)
    best = bracket.hidden, bracket.inner, bracket.output
    for size in (1e-9, 1e-4, 0.1):
        for _ in range(300):
            near = [layer + size * rng.standard_normal(layer.shape) for layer in best]
            assert program.value(*near) >= bracket.dual_value
    for _ in range(1000):
        hidden, inner = rng.standard_normal((3, 2, 2)), rng.standard_normal((3, 2))
        assert program.value(hidden, inner, rng.standard_normal(3)) >= bracket.dual_value


def test_degenerate_data_are_solved() -> None:
    rows = np.array([[1.0, 1e-12], [1.0, 1e-12], [0.0, 0.0], [-1.0, 2e-12], [0.5, -1e-12]])
    y = np.array([1.0, -1.0, 2.0, 0.5, -0.3])
    for normalisation in NORMALISATIONS:
        program = ThreeLayerProgram(Dataset(rows, y), 0.1, 2, normalisation)
        bracket = optimum(program)
        assert bracket.relative_gap <= 1e-8
        assert bracket.dual_value <= optimum(at_width(program, 1)).primal_value


def test_brackets_lie_in_each_other_and_deadlines_leave_one() -> None:
    program, *_ = in_units(three_layer_program(8, 2, 2, FROBENIUS, 0.01))
    found = list(three_layer_rounds(program, 1e-9, 0, NEVER))
    assert found[-1].status is Status.SOLVED
    for before, after in pairwise(found):
        assert before.certificate.dual_value <= after.certificate.dual_value
        assert after.certificate.primal_value <= before.certificate.primal_value
    best = found[-1].certificate
    assert found[0].certificate.dual_value > 0.0
    for seconds in (0.0, 0.05, 0.2):
        deadline = Deadline.after(seconds)
        for solution in three_layer_rounds(program, 1e-12, 0, deadline):
            assert solution.certificate.dual_value <= best.primal_value
            assert solution.certificate.primal_value >= best.dual_value
        assert solution.status is not Status.RUNNING


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_without_time_ascent_ends_where_it_starts(normalisation: str) -> None:
    program = three_layer_program(200, 6, 2, normalisation, 0.1)
    rng = np.random.default_rng(0)
    with in_force(Deadline.after(0.0)):
        early = ascended(program, program.data.y, rng)
    late = ascended(program, program.data.y, np.random.default_rng(0))
    for first, last in zip(early, late, strict=True):
        assert 0.0 < first.price[0] <= last.price[0] * (1.0 + 1e-12)


def test_a_group_holds_the_neurons_it_is_made_around() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((7, 3))
    for width in (1, 2, 3):
        for signs in sign_classes(width, COLUMNS):
            for _ in range(8):
                z = rng.standard_normal((signs.m, 3))
                group = group_around(X, signs, 1.0, z)
                inner = np.maximum(X @ z.T, 0.0) @ signs.signs
                np.testing.assert_allclose(group.A @ z.ravel(), np.maximum(inner, 0.0), atol=1e-12)
                assert is_inside(group, z / np.linalg.norm(z), 1e-12)
                inside = rng.standard_normal((100, signs.m, 3)) * 0.3 + z
                for other in inside:
                    if is_inside(group, other, 0.0):
                        value = np.maximum(np.maximum(X @ other.T, 0.0) @ signs.signs, 0.0)
                        np.testing.assert_allclose(group.A @ other.ravel(), value, atol=1e-12)


@BOTH
def test_every_scaling_of_a_network_is_the_same_function(normalisation: str) -> None:
    rng = np.random.default_rng(0)
    program = three_layer_program(6, 2, 2, normalisation, 0.1)
    layers = rng.standard_normal((4, 2, 2)), rng.standard_normal((4, 2)), rng.standard_normal(4)
    network = ThreeLayerNetwork(*layers)
    X = program.data.X
    for other in (network.normalised(normalisation), network.balanced(normalisation)):
        np.testing.assert_allclose(other.predict(X), network.predict(X), atol=1e-12)
    balanced = network.balanced(normalisation).training_loss(program)
    assert balanced == pytest.approx(program.value(*layers), rel=1e-12)
    assert network.training_loss(program) >= balanced


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"beta": 0.0}, "positive, finite beta"),
        ({"width": 0}, "at least 1"),
        ({"normalisation": "rows"}, "normalisation out of columns, frobenius"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object], match: str) -> None:
    program = three_layer_program(4, 2, 2, COLUMNS, 0.1)
    with pytest.raises(ConfigurationError, match=match):
        replace(program, **settings)
