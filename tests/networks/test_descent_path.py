from collections.abc import Iterator

import numpy as np
import pytest

from relaxgap.data.dataset import Dataset
from relaxgap.networks import (
    DescentPath,
    TwoLayerNetwork,
    descent_path,
    minimal_network,
    structure_of,
)

BETA = 0.3
PLANE = Dataset(np.eye(2), np.ones(2))
# all fifty together take far more than two seconds
FIFTY = [*range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 50))]
GRID = (0.0, 0.25, 0.5, 0.75, 1.0)


def network_of(hidden: list[list[float]], output: list[float]) -> TwoLayerNetwork:
    return TwoLayerNetwork(np.array(hidden), np.array(output))


def random_network(seed: int) -> tuple[TwoLayerNetwork, Dataset]:
    rng = np.random.default_rng(seed)
    n, d, m = 12, int(rng.integers(3, 7)), int(rng.integers(2, 41))
    data = Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))
    return TwoLayerNetwork(rng.standard_normal((m, d)), rng.standard_normal(m)), data


def degenerate_network(seed: int) -> tuple[TwoLayerNetwork, Dataset]:
    rng = np.random.default_rng(seed)
    n, d, m = int(rng.integers(1, 9)), int(rng.integers(1, 5)), int(rng.integers(0, 25))
    X, hidden = rng.standard_normal((n, d)), rng.standard_normal((m, d))
    output = rng.standard_normal(m)
    match seed % 6:
        case 0:
            X, hidden, output = np.round(X), np.round(hidden), np.round(output)
        case 1:
            X = np.outer(X[:, 0], X[0])
        case 2:
            hidden = hidden[rng.integers(0, 1 + m // 4, m)] * rng.uniform(0.1, 10.0, (m, 1))
        case 3:
            hidden[rng.random(m) < 0.4] = 0.0
            output[rng.random(m) < 0.4] = 0.0
        case 4:
            hidden *= 10.0 ** rng.uniform(-150, 1, (m, 1))
            output *= 10.0 ** rng.uniform(-150, 1, m)
        case _:
            X *= 1e8
            output *= 1e-8
    return TwoLayerNetwork(hidden, output), Dataset(X, rng.standard_normal(n))


def random_splitting(network: TwoLayerNetwork, seed: int) -> tuple[TwoLayerNetwork, list[int]]:
    rng = np.random.default_rng(seed)
    hidden, output, parents = [], [], []
    for j in range(network.width):
        for root in np.sqrt(rng.dirichlet(np.ones(3))):
            hidden.append(root * network.hidden[j])
            output.append(root * network.output[j])
            parents.append(j)
    return TwoLayerNetwork(np.array(hidden), np.array(output)), parents


def points(path: DescentPath, piece: int) -> Iterator[TwoLayerNetwork]:
    return (path.at(piece, t) for t in GRID)


def penalty(network: TwoLayerNetwork) -> float:
    return float(np.sum(network.hidden**2)) + float(np.sum(network.output**2))


def gross_fit(network: TwoLayerNetwork, data: Dataset) -> float:
    return float(np.linalg.norm(np.maximum(data.X @ network.hidden.T, 0.0) @ abs(network.output)))


def assert_close(network: TwoLayerNetwork, other: TwoLayerNetwork, rtol: float) -> None:
    scale = max(np.abs(other.hidden).max(initial=0.0), np.abs(other.output).max(initial=0.0))
    np.testing.assert_allclose(network.hidden, other.hidden, rtol=0.0, atol=rtol * scale)
    np.testing.assert_allclose(network.output, other.output, rtol=0.0, atol=rtol * scale)


def assert_continuous(path: DescentPath) -> None:
    before = path.start
    for piece in range(path.n_pieces):
        assert_close(path.at(piece, 0.0), before, 1e-14)
        before = path.at(piece, 1.0)
    np.testing.assert_array_equal(path.end.hidden, before.hidden)


@pytest.mark.parametrize("seed", FIFTY)
def test_the_loss_of_a_random_network_strictly_decreases_until_it_is_minimal(seed: int) -> None:
    network, data = random_network(seed)
    path = descent_path(network, data, prune=False)
    assert path.kind(0) == "rescale"
    for piece in range(path.n_pieces):
        losses = [point.training_loss(data, BETA) for point in points(path, piece)]
        assert np.all(np.diff(losses) < 0.0)
    structure = structure_of(path.end, data)
    assert structure.minimal
    assert structure.n_cells == structure_of(network, data).n_cells
    assert path.n_pieces == 1 + network.width - structure.n_cells


@pytest.mark.parametrize("seed", FIFTY)
def test_the_fit_is_constant_and_pruning_never_raises_the_loss(seed: int) -> None:
    network, data = random_network(seed)
    path = descent_path(network, data)
    assert_continuous(path)
    fit, gross = network.predict(data.X), gross_fit(network, data)
    for piece in range(path.n_pieces):
        losses = []
        for point in points(path, piece):
            assert point.width == network.width
            assert np.linalg.norm(point.predict(data.X) - fit) <= 1e-12 * gross
            losses.append(point.training_loss(data, BETA))
        assert np.all(np.diff(losses) <= 1e-13 * losses[0])
        if path.kind(piece) == "prune":
            np.testing.assert_allclose(
                losses, np.interp(GRID, (0.0, 1.0), (losses[0], losses[-1])), rtol=1e-11
            )
    structure = structure_of(path.end, data)
    assert structure.minimal
    assert structure.n_live <= data.n


@pytest.mark.parametrize("seed", range(18))
def test_degenerate_networks_keep_their_fit_and_never_gain_penalty(seed: int) -> None:
    network, data = degenerate_network(seed)
    path = descent_path(network, data)
    assert_continuous(path)
    fit, gross = network.predict(data.X), gross_fit(network, data)
    last = penalty(network)
    for piece in range(path.n_pieces):
        for point in points(path, piece):
            assert np.linalg.norm(point.predict(data.X) - fit) <= 1e-12 * gross
            assert penalty(point) <= last * (1.0 + 1e-13)
            last = penalty(point)
    assert structure_of(path.end, data, 1e-9).minimal
    assert np.count_nonzero(path.end.output) <= data.n
    assert descent_path(path.end, data).n_pieces == 0


@pytest.mark.parametrize("seed", range(10))
def test_the_path_ends_at_a_network_as_narrow_as_the_pruned_one(seed: int) -> None:
    network, data = random_network(seed)
    end, pruned = descent_path(network, data).end, minimal_network(network, data)
    assert np.count_nonzero(end.output) == pruned.width
    np.testing.assert_allclose(end.predict(data.X), pruned.predict(data.X), atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_splitting_keeps_the_loss_and_its_path_returns_at_constant_loss(
    seed: int,
) -> None:
    network, data = random_network(seed)
    network = minimal_network(network, data)
    split, parents = random_splitting(network, seed)
    loss = network.training_loss(data, BETA)
    assert split.training_loss(data, BETA) == pytest.approx(loss, rel=1e-12)
    path = descent_path(split, data)
    assert [path.kind(piece) for piece in range(path.n_pieces)] == ["merge"] * 2 * network.width
    for piece in range(path.n_pieces):
        for point in points(path, piece):
            assert point.training_loss(data, BETA) == pytest.approx(loss, rel=1e-12)
    firsts = [parents.index(j) for j in range(network.width)]
    assert_close(TwoLayerNetwork(path.end.hidden[firsts], path.end.output[firsts]), network, 1e-14)
    assert np.count_nonzero(path.end.output) == network.width


def test_copies_on_either_side_of_a_boundary_by_rounding_are_merged() -> None:
    network = network_of([[1.0, 0.0], [1.0, 1e-16], [1.0, -1e-16]], [1.0, 1.0, 1.0])
    path = descent_path(network, PLANE, prune=False)
    assert path.n_pieces == 2
    np.testing.assert_allclose(
        path.end.hidden, np.diag([np.sqrt(3.0), 0.0, 0.0])[:, :2], atol=1e-15
    )
    clear = network_of([[1.0, 0.0], [1.0, -1e-9]], [1.0, 1.0])
    assert descent_path(clear, PLANE, prune=False).n_pieces == 0


def test_a_minimal_network_is_its_own_path() -> None:
    network = network_of([[0.6, 0.8], [0.6, 0.8], [0.0, 0.0]], [1.0, -1.0, 0.0])
    path = descent_path(network, PLANE, prune=False)
    assert path.n_pieces == 0
    assert path.end is network
    with pytest.raises(ValueError, match="got 0; the path has 0 pieces"):
        path.at(0, 0.5)


def test_the_penalty_of_a_rescaled_neuron_is_a_hyperbolic_cosine() -> None:
    network = network_of([[0.0, 8.0]], [2.0])
    path = descent_path(network, PLANE)
    assert path.n_pieces == 1
    for t in GRID:
        point = path.at(0, t)
        assert float(point.hidden[0, 1] * point.output[0]) == pytest.approx(16.0, rel=1e-14)
        assert penalty(point) == pytest.approx(32.0 * np.cosh((1.0 - t) * np.log(4.0)), rel=1e-14)


def test_a_weight_without_partner_shrinks_to_zero_linearly() -> None:
    network = network_of([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]], [0.0, -2.0, 1.0])
    path = descent_path(network, PLANE)
    assert path.n_pieces == 1
    half = path.at(0, 0.5)
    np.testing.assert_array_equal(half.hidden, [[1.5, 2.0], [0.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(half.output, [0.0, -1.0, 1.0])
    np.testing.assert_array_equal(path.end.hidden, [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(path.end.output, [0.0, 0.0, 1.0])


def test_merging_adds_blocks_and_follows_the_stated_penalty() -> None:
    network = network_of([[1.0, 0.0], [0.0, 2.0]], [1.0, 2.0])
    path = descent_path(network, PLANE, prune=False)
    assert [path.kind(piece) for piece in range(path.n_pieces)] == ["merge"]
    for t in GRID:
        point = path.at(0, t)
        blocks = np.abs(point.output)[:, None] * point.hidden
        np.testing.assert_allclose(
            blocks, [[1.0, 4.0 * t], [0.0, 4.0 * (1.0 - t)]], rtol=1e-14, atol=1e-15
        )
        assert penalty(point) == pytest.approx(
            2.0 * (np.hypot(1.0, 4.0 * t) + 4.0 * (1.0 - t)), rel=1e-14
        )


def test_neurons_that_cancel_where_the_data_are_zero_vanish_together() -> None:
    data = Dataset(np.array([[1.0, 0.0]]), np.ones(1))
    path = descent_path(network_of([[0.0, 1.0], [0.0, -1.0]], [1.0, 1.0]), data, prune=False)
    assert path.n_pieces == 1
    assert not path.end.hidden.any()
    assert not path.end.output.any()


def test_neurons_that_are_dead_on_the_data_vanish_in_one_piece() -> None:
    network = network_of([[-1.0, 0.0], [1.0, 0.0], [-1.0, -1.0]], [1.0, 1.0, -np.sqrt(2.0)])
    data = Dataset(np.array([[1.0, 0.0], [1.0, 1.0]]), np.ones(2))
    path = descent_path(network, data)
    assert [path.kind(piece) for piece in range(path.n_pieces)] == ["prune"]
    np.testing.assert_array_equal(path.end.hidden, [[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize("exponent", [-150, 150])
def test_weights_of_wildly_different_layers_are_balanced_without_overflow(exponent: int) -> None:
    network, data = random_network(3)
    unit = 10.0**exponent
    unbalanced = TwoLayerNetwork(network.hidden * unit, network.output / unit)
    end = descent_path(unbalanced, data, prune=False).end
    assert_close(end, descent_path(network, data, prune=False).end, 1e-12)


@pytest.mark.parametrize("unit", [2.0**-530, 2.0**-300, 2.0**300])
def test_the_path_has_no_scale_even_where_squares_are_no_longer_numbers(unit: float) -> None:
    network, data = random_network(4)
    expected = descent_path(network, data)
    path = descent_path(TwoLayerNetwork(unit * network.hidden, unit * network.output), data)
    assert path.n_pieces == expected.n_pieces
    end = TwoLayerNetwork(path.end.hidden / unit, path.end.output / unit)
    assert_close(end, expected.end, 1e-8)


@pytest.mark.parametrize("width", [0, 3])
def test_an_empty_or_zero_network_has_no_pieces(width: int) -> None:
    zero = TwoLayerNetwork(np.zeros((width, 2)), np.zeros(width))
    assert descent_path(zero, PLANE).n_pieces == 0


@pytest.mark.parametrize("t", [-0.1, 1.1, np.nan])
def test_it_refuses_points_beyond_a_piece(t: float) -> None:
    path = descent_path(network_of([[1.0, 0.0]], [2.0]), PLANE)
    with pytest.raises(ValueError, match="0 <= t <= 1"):
        path.at(0, t)


@pytest.mark.parametrize("piece", [-1, 1])
def test_it_refuses_pieces_that_do_not_exist(piece: int) -> None:
    path = descent_path(network_of([[1.0, 0.0]], [2.0]), PLANE)
    with pytest.raises(ValueError, match=f"from 0 to 0, got {piece}"):
        path.kind(piece)


def test_it_refuses_weights_that_are_not_finite_or_of_another_dimension() -> None:
    with pytest.raises(ValueError, match="finite weights, got 1 NaN"):
        descent_path(network_of([[np.inf, 0.0]], [1.0]), PLANE)
    with pytest.raises(ValueError, match="dimension 2, got 3"):
        descent_path(network_of([[1.0, 0.0, 0.0]], [1.0]), PLANE)
