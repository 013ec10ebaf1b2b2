from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from instances import random_program
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from relaxgap.data.dataset import Dataset
from relaxgap.global_optimum import search as search_module
from relaxgap.global_optimum import wide_descent
from relaxgap.global_optimum.attained_loss import attained_loss
from relaxgap.global_optimum.local_pricing import ascend, estimate_beta_max
from relaxgap.global_optimum.search import NetworkSearch
from relaxgap.global_optimum.sliding import slide
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.global_optimum.wide_descent import descend, live_part, random_network, widths
from relaxgap.networks import TwoLayerNetwork, to_blocks
from relaxgap.networks.mapping import NetworkBlocks
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems import Program, relu_program
from relaxgap.solvers.base import Solution, Status, unsolved
from relaxgap.solvers.newton.semismooth_newton import SemismoothNewton


def instance(seed: int, n: int = 8, d: int = 3) -> Program:
    return random_program(relu_program, n, d, seed, 0.01, labels="noise")


def empty(data: Dataset) -> TwoLayerNetwork:
    return TwoLayerNetwork(np.zeros((0, data.d)), np.zeros(0))


def exact_loss(network: TwoLayerNetwork, data: Dataset, beta: float) -> Fraction:
    """The training loss in rational arithmetic."""
    hidden = [[Fraction(entry) for entry in row] for row in network.hidden.tolist()]
    output = [Fraction(entry) for entry in network.output.tolist()]
    loss = sum((entry**2 for row in [*hidden, output] for entry in row), Fraction(0))
    loss *= Fraction(beta)
    for row, label in zip(data.X.tolist(), data.y.tolist(), strict=True):
        x = [Fraction(entry) for entry in row]
        fit = Fraction(0)
        for weights, scale in zip(hidden, output, strict=True):
            fit += scale * max(Fraction(0), sum(a * b for a, b in zip(x, weights, strict=True)))
        loss += (fit - Fraction(label)) ** 2
    return loss / 2


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
@pytest.mark.parametrize("seed", range(3))
def test_what_a_network_attains_is_never_below_its_exact_loss(seed: int, offset: float) -> None:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((6, 3)) + offset, rng.standard_normal(6))
    hidden = rng.standard_normal((4, 3))
    # predictions that cancel: large neurons against each other
    network = TwoLayerNetwork(np.concatenate([hidden, hidden]), np.tile([1.0, -1.0], 4))
    attained = attained_loss(network, data, 0.1)
    assert Fraction(attained) >= exact_loss(network, data, 0.1)
    if offset == 0.0:
        assert attained == pytest.approx(float(exact_loss(network, data, 0.1)), rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_what_the_network_without_neurons_attains_is_not_below_it_either(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((50, 2)), rng.standard_normal(50))
    network = empty(data)
    assert Fraction(attained_loss(network, data, 0.1)) >= exact_loss(network, data, 0.1)


def test_a_network_whose_loss_overflows_attains_nothing() -> None:
    data = instance(0).data
    assert attained_loss(TwoLayerNetwork(np.full((1, 3), 1e300), np.ones(1)), data, 0.1) == np.inf


@pytest.mark.parametrize("seed", range(3))
def test_the_upper_bound_is_what_the_returned_network_attains(seed: int) -> None:
    program = instance(seed, n=7)
    offset = Dataset(program.data.X + 1e4, program.data.y)
    for data in (program.data, offset):
        for found in GlobalSolver(1e-3, max_seconds=0.1).brackets(data, program.beta):
            assert found.certificate.primal_value == attained_loss(
                found.network, data, program.beta
            )
            if found.network.width > 0:
                value = Fraction(found.certificate.primal_value)
                assert value >= exact_loss(found.network, data, program.beta)


@pytest.mark.parametrize("seed", range(4))
def test_a_descent_ends_lower_at_a_balanced_network(seed: int) -> None:
    program = instance(seed)
    data, beta = program.data, program.beta
    start = random_network(data, 16, np.random.default_rng(seed))
    found = descend(start, data, beta, 50, 1e-4)
    assert found.training_loss(data, beta) < start.training_loss(data, beta)
    np.testing.assert_allclose(np.linalg.norm(found.hidden, axis=1), np.abs(found.output))


def test_a_descent_without_time_or_neurons_returns_its_start() -> None:
    program = instance(1)
    start = random_network(program.data, 16, np.random.default_rng(0))
    assert descend(start, program.data, program.beta, 50, 1e-4, Deadline(-np.inf)) is start
    nothing = empty(program.data)
    assert descend(nothing, program.data, program.beta, 50, 1e-4) is nothing


def test_a_descent_ends_in_the_step_in_which_its_time_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program, n_looks = instance(1), []

    class Passing(Deadline):
        @property
        def has_passed(self) -> bool:
            n_looks.append(1)
            return len(n_looks) > 3

    start = random_network(program.data, 16, np.random.default_rng(0))
    found = descend(start, program.data, program.beta, 50, 1e-4, Passing())
    assert len(n_looks) == 4
    assert found is not start


def test_a_descent_from_where_the_loss_overflows_returns_its_start() -> None:
    program = instance(2)
    start = TwoLayerNetwork(np.full((2, 3), 1e200), np.full(2, 1e200))
    assert descend(start, program.data, program.beta, 50, 1e-4) is start


def test_dead_neurons_leave_a_network_and_the_others_keep_their_product() -> None:
    network = TwoLayerNetwork(np.array([[3.0, 4.0], [1e-9, 0.0], [0.0, 0.0]]), np.ones(3))
    live = live_part(network)
    assert live.width == 1
    np.testing.assert_allclose(live.hidden[0] * live.output[0], [3.0, 4.0], rtol=1e-15)
    assert live_part(empty(instance(0).data)).width == 0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_neuron_that_prices_above_beta_slides_into_a_network(sign: float) -> None:
    data = instance(3).data
    starts = np.random.default_rng(0).standard_normal((20, 3))
    directions, prices = ascend(data.X, sign * data.y, starts)
    beta = 0.5 * float(prices.max())
    found = slide(empty(data), directions[prices > beta], data, beta, 50, 1e-4)
    assert (np.sign(found.output) == sign).all()
    assert found.training_loss(data, beta) < 0.5 * float(data.y @ data.y)


def test_where_programs_take_too_long_neurons_slide(monkeypatch: pytest.MonkeyPatch) -> None:
    program, calls = instance(4, n=20, d=5), []

    def too_long(self: object, program: Program, *args: object, **kwargs: object) -> Solution:
        calls.append(1)
        return replace(unsolved(program), status=Status.TIME_LIMIT)

    monkeypatch.setattr(SemismoothNewton, "solve", too_long)
    search = NetworkSearch(program.data, program.beta, 1e-6, np.random.default_rng(0))
    search.solve_first(5)
    before = search.value
    assert search.improve()
    assert search.value < before
    assert search.value == attained_loss(search.network, program.data, program.beta)
    assert len(calls) == 1


def test_widths_double_up_to_the_widest_that_steps_and_samples_allow() -> None:
    assert list(widths(Dataset(np.ones((8, 3)), np.ones(8)), 0.1)) == [16]
    assert list(widths(Dataset(np.ones((150, 3)), np.ones(150)), 0.1)) == [100, 200, 300]
    assert list(widths(Dataset(np.ones((5000, 20)), np.ones(5000)), 0.1)) == [100, 200, 400]
    # at a small beta at once
    assert list(widths(Dataset(np.ones((150, 3)), np.ones(150)), 1e-4)) == [300]


def test_the_program_over_its_own_patterns_goes_on_where_a_descent_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # too many patterns to list
    program, n_solved = random_program(relu_program, 30, 15, 0, n_gates=50), []
    solve = SemismoothNewton.solve

    def counted(self: SemismoothNewton, program: Program, *args: object, **kw: object) -> Solution:
        n_solved.append(program.patterns.n_patterns)
        return solve(self, program, *args, **kw)  # type: ignore[arg-type]

    monkeypatch.setattr(SemismoothNewton, "solve", counted)
    search = NetworkSearch(program.data, program.beta, 1e-3, np.random.default_rng(0))
    for _ in search.descend_wide():
        pass
    stuck = search.value
    n_own = to_blocks(search.network, program.data).patterns.n_patterns
    search.solve_first(100)
    assert n_solved == [n_own]
    assert search.value < stuck * (1.0 - 1e-4)
    rough = search.value
    search.settle()
    assert search.value <= rough


def test_neurons_at_a_kink_keep_the_patterns_that_they_were_merged_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # their gates alone may give one pattern in a product of another shape
    program = instance(5, n=20, d=5)
    network = random_network(program.data, 4, np.random.default_rng(0))

    def rounded(network: TwoLayerNetwork, data: Dataset) -> NetworkBlocks:
        found = to_blocks(network, data)
        own = found.patterns
        gates = np.repeat(own.gates[:1], own.n_patterns, axis=0)
        return NetworkBlocks(PatternSet(own.packed, gates, own.n), found.point)

    search = NetworkSearch(
        program.data, program.beta, 1e-3, np.random.default_rng(0), start=network
    )
    monkeypatch.setattr(search_module, "to_blocks", rounded)
    before = search.value
    search.add(np.eye(5))
    assert search.value < before


def standardised(table: str) -> Dataset:
    X, y = {"iris": load_iris, "wine": load_wine}[table](return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return Dataset(np.column_stack([X, np.ones(len(X))]), (y - y.mean()) / y.std())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "restarts"),
    # the best of 20 restarts of L-BFGS-B from networks of width 100, some 20,000 evaluations
    [("iris", 2.555), ("wine", 0.930)],
)
def test_at_small_beta_the_search_beats_restarts_of_a_descent_with_less_work(
    monkeypatch: pytest.MonkeyPatch, table: str, restarts: float
) -> None:
    data, n_evaluations = standardised(table), []
    minimize = wide_descent.minimize

    def counted(*args: object, **kwargs: object) -> object:
        found = minimize(*args, **kwargs)
        n_evaluations.append(found.nfev)
        return found

    monkeypatch.setattr(wide_descent, "minimize", counted)
    beta = 1e-3 * estimate_beta_max(data)
    search = NetworkSearch(data, beta, 1e-3, np.random.default_rng(0))
    for _ in search.descend_wide():
        pass
    search.solve_first(100)
    search.improve()
    assert search.value < restarts
    assert search.n_rounds == 2
    assert sum(n_evaluations) < 2000


@pytest.mark.slow
def test_where_descents_stop_at_kinks_the_search_ends_below_all_their_restarts() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    data = Dataset(X, (y - y.mean()) / y.std())
    beta = 0.1 * estimate_beta_max(data)
    search = NetworkSearch(data, beta, 1e-3, np.random.default_rng(0))
    for _ in search.descend_wide():
        pass
    # the best of 20 restarts of L-BFGS-B from networks of width 100
    restarts = 127.77231
    assert search.value > restarts
    search.solve_first(100)
    search.settle()
    assert search.value < restarts
