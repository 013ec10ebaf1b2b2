from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
from continua import CONTINUA, Continuum
from scipy.optimize import minimize

import relaxgap
from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.analysis.optimal_set_record import OptimalSet, OptimalSetRecord
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError, DataError, EnumerationLimitError
from relaxgap.networks import to_blocks, to_network
from relaxgap.networks.landscape.structure import structure_of
from relaxgap.networks.optimal_set.hidden_cells import length_of_hidden_outputs
from relaxgap.networks.optimal_set.splitting import split_neuron
from relaxgap.problems.losses import LOSSES
from relaxgap.solvers import ColumnGeneration


def gaussian(n: int, d: int, seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))


def described(data: Dataset, fraction: float, loss: str = "squared", at: int = 0) -> OptimalSet:
    rows = np.random.default_rng(99).standard_normal((at, data.d))
    y = np.sign(data.y) if loss == "logistic" else data.y
    return optimal_set(data.X, y, beta_fraction=fraction, loss=loss, at=rows)


def of_continuum(made: Continuum, at: object = None) -> OptimalSet:
    return optimal_set(made.X, made.y, beta=made.beta, at=at)


GENERIC = [(8, 3, 0.1, "squared"), (10, 4, 0.05, "squared"), (9, 3, 0.1, "logistic")]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("n", "d", "fraction", "loss"), GENERIC)
def test_generic_labels_have_one_optimal_network_and_it_is_proven(
    n: int, d: int, fraction: float, loss: str, seed: int
) -> None:
    data = gaussian(n, d, seed)
    found = described(data, fraction, loss)
    assert (found.unique, found.proven_by, found.dimension) == ("yes", "columns", 0)
    assert (found.dimension_low, found.dimension_high, found.n_vertices) == (0, 0, 1)
    width = found.smallest_width
    assert found.smallest_width_low == width == found.largest_width == found.largest_width_high
    assert found.n_neurons == found.n_surely_used == width <= n
    assert found.cells_possibly_tight + found.cells_not_tight == 2 * found.n_patterns
    labels = Dataset(data.X, np.sign(data.y) if loss == "logistic" else data.y)
    value = found.smallest.training_loss(labels, found.beta, LOSSES[loss])
    assert found.dual_value <= value <= found.primal_value
    assert found.relative_gap <= 1e-11
    assert found.dual_radius <= 1e-6


def trained(data: Dataset, beta: float, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return the weights of a network trained from a random start, hidden and output."""
    m, d = width, data.d

    def value(weights: np.ndarray) -> tuple[float, np.ndarray]:
        hidden, output = weights[: m * d].reshape(m, d), weights[m * d :]
        pre = np.maximum(data.X @ hidden.T, 0.0)
        off = pre @ output - data.y
        slopes = (off[:, None] * output * (pre > 0.0)).T @ data.X + beta * hidden
        gradient = np.concatenate([slopes.ravel(), pre.T @ off + beta * output])
        return 0.5 * float(off @ off) + 0.5 * beta * float(weights @ weights), gradient

    start = rng.standard_normal(m * (d + 1))
    return np.asarray(minimize(value, start, jac=True, method="L-BFGS-B").x)


@pytest.mark.parametrize(("n", "d", "fraction"), [(6, 2, 0.1), (20, 2, 0.05)])
def test_no_trained_network_is_below_the_bound_or_farther_from_the_fit_than_its_loss_says(
    n: int, d: int, fraction: float
) -> None:
    data, rng = gaussian(n, d, 0), np.random.default_rng(1)
    found = described(data, fraction)
    known = found.description.known
    networks = []
    for _ in range(8):
        weights = trained(data, found.beta, 2 * n, rng)
        hidden, output = weights[: 2 * n * d].reshape(2 * n, d), weights[2 * n * d :]
        networks.append(relaxgap.TwoLayerNetwork(hidden, output))
    solved = relaxgap.solve(data.X, data.y, beta=found.beta, solver=ColumnGeneration.name)
    assert isinstance(solved.network, relaxgap.TwoLayerNetwork)
    for network in [*networks, solved.network]:
        value = network.training_loss(data, found.beta)
        assert value >= found.dual_value
        # the loss is strongly convex in the fit
        off = np.linalg.norm(network.predict(data.X) - known.fit)
        assert off <= np.sqrt(2.0 * (value - found.dual_value)) + known.fit_radius


@pytest.mark.parametrize("name", CONTINUA)
def test_the_vertices_of_integer_data_are_those_of_exact_fractions(name: str) -> None:
    made = CONTINUA[name]
    found = of_continuum(made)
    assert (found.unique, found.proven_by) == ("no", "fractions")
    assert found.dimension == found.dimension_low == found.dimension_high == made.dimension
    assert found.smallest_width_low == found.smallest_width == made.smallest_width
    assert found.largest_width == found.largest_width_high == made.largest_width
    assert found.all_vertices
    assert found.n_vertices == made.n_vertices
    exact = found.exact
    assert exact is not None
    assert exact.nu == made.nu
    assert len(exact.vertices) == made.n_vertices
    X = [[Fraction(x) for x in row] for row in made.X]
    fit = [label - n for label, n in zip(made.y, made.nu, strict=True)]
    for vertex in exact.vertices:
        assert all(c >= 0 for c in vertex)
        reached = [Fraction(0)] * len(X)
        for c, sign, v in zip(vertex, exact.signs, exact.directions, strict=True):
            assert sum(x * x for x in v) == made.beta**2
            for j, row in enumerate(X):
                product = sum(a * b for a, b in zip(row, v, strict=True))
                reached[j] += c * sign * max(product, Fraction(0)) / Fraction(made.beta)
        assert reached == fit
    # the penalty is the same at every vertex
    assert len({sum(vertex) for vertex in exact.vertices}) == 1


@pytest.mark.parametrize("name", CONTINUA)
def test_the_proven_radius_covers_the_exact_dual_point(name: str) -> None:
    made = CONTINUA[name]
    found = of_continuum(made)
    exact = np.array([float(x) for x in made.nu])
    known = found.description.known
    assert np.linalg.norm(found.description.nu - exact) <= known.radius
    assert np.all(np.abs(known.nu - exact) <= known.errors)
    total = float(sum(found.exact.vertices[0])) if found.exact else 0.0
    assert known.total_low <= total <= known.total_high


@pytest.mark.parametrize("name", CONTINUA)
def test_no_network_of_the_set_leaves_the_proven_ranges(name: str) -> None:
    made = CONTINUA[name]
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((6, 4))
    found = of_continuum(made, rows)
    data = Dataset(np.array(made.X, dtype=float), np.array(made.y, dtype=float))
    assert found.exact is not None
    exact = found.exact
    units = np.array([[float(x) for x in v] for v in exact.directions]) / made.beta
    outputs = np.maximum(rows @ units.T, 0.0) * np.array(exact.signs)
    vertices = np.array([[float(c) for c in vertex] for vertex in exact.vertices])
    predicted = vertices @ outputs.T
    for column, known in zip(predicted.T, found.predictions, strict=True):
        # the exact ends are vertices: the proven ones are outside of them, and near
        assert known.proven_low <= column.min()
        assert column.max() <= known.proven_high
        assert known.low == pytest.approx(column.min(), abs=1e-6)
        assert known.high == pytest.approx(column.max(), abs=1e-6)
    for _ in range(20):
        network = found.sample(rng)
        value = network.training_loss(data, made.beta)
        assert found.dual_value <= value <= found.primal_value * (1.0 + 1e-12)
        for output, known in zip(network.predict(rows), found.predictions, strict=True):
            assert known.proven_low <= output <= known.proven_high
        split = split_neuron(network, 0, rng.dirichlet(np.ones(3)))
        assert split.width == network.width + 2
        assert split.training_loss(data, made.beta) == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(split.predict(rows), network.predict(rows), atol=1e-14)


@pytest.mark.parametrize(("seed", "dimension"), [(0, 1), (1, 2)])
def test_many_samples_in_the_plane_have_a_continuum_of_networks_that_are_one_function(
    seed: int, dimension: int
) -> None:
    data = gaussian(20, 2, seed)
    found = described(data, 0.05, at=4)
    assert (found.unique, found.proven_by) == ("no", "linear_part")
    assert found.dimension == found.dimension_low == found.dimension_high == dimension
    neurons = found.description.neurons
    # pairs of opposite neurons, more of them than dimensions
    assert found.n_neurons == 2 * (data.d + dimension)
    assert found.largest_width_high == found.largest_width
    for unit, sign in zip(neurons.directions, neurons.signs, strict=True):
        opposite = np.linalg.norm(neurons.directions + unit, axis=1)
        assert np.min(opposite[neurons.signs == sign]) <= 2.0 * neurons.errors.max()
    assert np.linalg.norm(data.X.T @ found.description.nu) <= 1e-10
    weights = [one.high - one.low for one in found.weights]
    assert max(weights) >= 0.01
    assert found.largest_disagreement is not None
    assert found.largest_disagreement <= 1e-12
    assert max(one.proven_high - one.proven_low for one in found.predictions) <= 1e-3


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_at_and_above_beta_max_the_zero_network_is_the_only_one(loss: str, factor: float) -> None:
    found = described(gaussian(6, 2, 0), factor, loss, at=1)
    assert (found.unique, found.smallest_width, found.largest_width) == ("yes", 0, 0)
    assert (found.dimension_high, found.largest_width_high) == (0, 0)
    assert found.predictions[0].low == found.predictions[0].high == 0.0
    assert "the zero network is the only optimal one" in str(found)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("below", [1e-6, 1e-9])
def test_just_below_beta_max_one_small_neuron_is_known_to_its_own_size(
    loss: str, below: float
) -> None:
    """A solver stops at the zero network there, which is near in value and not in weights."""
    data = gaussian(8, 3, 0)
    found = described(data, 1.0 - below, loss, at=2)
    assert (found.unique, found.smallest_width, found.n_surely_used) == ("yes", 1, 1)
    (weight,) = found.weights
    assert 0.0 < weight.proven_low <= weight.low == weight.high <= weight.proven_high
    assert weight.proven_high - weight.proven_low <= 1e-2 * weight.low
    # the weight grows in proportion to what beta is below beta_max
    farther = described(data, 1.0 - 100.0 * below, loss)
    assert farther.weights[0].low == pytest.approx(100.0 * weight.low, rel=1e-2)
    for shown in found.predictions:
        assert shown.proven_low <= shown.low == shown.high <= shown.proven_high


def test_a_sample_of_huge_margin_leaves_true_ends() -> None:
    X, y = [[-3.4, -0.7], [-0.5, 1.2], [-0.8, -0.5]], [1, -1, 1]
    found = optimal_set(X, y, loss="logistic", beta_fraction=1e-6, at=[[-3.0, -1.0]])
    ends = found.predictions[0]
    # as a network trained by descent predicts
    assert ends.proven_low <= 39.942161 <= ends.proven_high
    assert ends.low == pytest.approx(39.942161, abs=1e-4)
    assert found.description.known.total_high >= 23.99
    assert found.relative_gap <= 1e-9


def test_no_end_is_no_number_under_huge_margins() -> None:
    X = [
        [0.7752000687960593, -0.2745891431956734, 1.0034569925740142],
        [0.12164170563366085, -0.513159407633873, 0.20070982409062696],
        [0.9830631223409243, -1.1778131919340271, -0.10787167895544798],
        [-1.8602155316303084, -0.44286619376154496, -0.42624563283805433],
        [-1.1627397060806943, 1.3827899721660635, 1.2494234111559182],
        [-0.0842313510615119, -0.11715185923352121, 0.34062285334720166],
    ]
    found = optimal_set(X, [-1, -1, -1, 1, 1, -1], loss="logistic", beta_fraction=1e-6)
    for one in found.weights:
        assert 0.0 <= one.proven_low <= one.low <= one.high <= one.proven_high


@pytest.mark.parametrize("exponent", [-40, -27, 0, 27])
@pytest.mark.parametrize("scaled", ["labels", "data"])
def test_inner_ends_are_of_optimal_networks_at_every_scale(scaled: str, exponent: int) -> None:
    p = 2.0**exponent
    of_data, of_labels = (p, 1.0) if scaled == "data" else (1.0, p)
    X = of_data * np.array([[1.0, 1.0, 1.0, 1.0], [-1.0, -1.0, -1.0, 1.0]])
    y = np.full(2, 3.0 * of_labels)
    beta, at = 2.0 * of_data * of_labels, of_data * np.eye(4)[:1]
    found = optimal_set(X, y, beta=beta, at=at)
    ends = found.predictions[0]
    assert (found.dimension, found.n_vertices) == (1, 2)
    assert ends.low == pytest.approx(0.0, abs=1e-6 * of_labels)
    assert ends.high == pytest.approx(0.5 * of_labels, rel=1e-6)
    assert found.relative_gap <= 1e-6


@pytest.mark.parametrize("seed", range(2))
def test_one_network_has_one_prediction_also_of_tiny_labels(seed: int) -> None:
    data = gaussian(6, 3, seed)
    found = optimal_set(data.X, 1e-8 * data.y, beta_fraction=0.05, at=data.X)
    assert (found.unique, found.largest_disagreement) == ("yes", 0.0)


def test_networks_at_the_inner_ends_count_in_the_gap() -> None:
    made = CONTINUA["never_alone"]
    rows = np.random.default_rng(5).standard_normal((3, 4))
    found = of_continuum(made, rows)
    data = Dataset(np.array(made.X, dtype=float), np.array(made.y, dtype=float))
    for row in rows:
        shown = found.description.prediction_range(row)
        for weights, end in zip(
            shown.networks, (shown.interval.low, shown.interval.high), strict=True
        ):
            network = found.network(weights)
            assert network.training_loss(data, found.beta) <= found.primal_value
            assert network.predict(row[None])[0] == pytest.approx(end, abs=1e-12)


def test_where_nothing_is_known_of_the_fit_networks_reach_the_one_found() -> None:
    X, y = [[-3.4, -0.7], [-0.5, 1.2], [-0.8, -0.5]], [1, -1, 1]
    # no share of double precision is left of such a margin
    found = optimal_set(X, y, loss="logistic", beta_fraction=1e-13, at=[[-3.0, -1.0]])
    assert not found.description.is_zero
    assert found.smallest_width > 0
    assert found.primal_value < 1e-2
    assert "beta_max" not in str(found)
    ends = found.predictions[0]
    assert ends.proven_low <= ends.low <= ends.high <= ends.proven_high


def test_no_end_is_a_negative_zero() -> None:
    found = optimal_set([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], beta=0.5, at=[[-1.0, -1.0]])
    ends = found.predictions[0]
    for end in (ends.proven_low, ends.low, ends.high, ends.proven_high):
        assert str(end) == "0.0"


DEGENERATE = {
    "zero rows": ([[0.0, 0.0], [0.0, 0.0]], [2.0, 2.0]),
    "zero labels": ([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]),
    "a row and its opposite": ([[3.0, 4.0], [3.0, 4.0], [-3.0, -4.0]], [5.0, 1.0, 0.0]),
    "one column": ([[1.0], [-1.0], [1.0]], [2.0, 2.0, -4.0]),
    "contradicting labels": ([[1.0, 2.0], [1.0, 2.0], [0.0, 1.0]], [3.0, -1.0, 2.0]),
    "rank one": ([[1.0, 2.0], [2.0, 4.0], [-3.0, -6.0]], [1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_data_are_described(name: str) -> None:
    X, y = DEGENERATE[name]
    found = optimal_set(X, y, beta=0.5, at=[[0.3] * len(X[0])])
    data = Dataset(np.array(X), np.array(y))
    solved = relaxgap.solve(X, y, beta=0.5, rtol=1e-8)
    assert found.dual_value <= solved.primal_value
    assert solved.dual_value <= found.primal_value
    for network in (found.smallest, found.largest):
        assert found.dual_value <= network.training_loss(data, 0.5) + 1e-14
        assert network.training_loss(data, 0.5) <= found.primal_value
    known = found.predictions[0]
    assert known.proven_low <= known.low <= known.high <= known.proven_high


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_one_column_has_two_cells_and_no_rounding_hides_another(loss: str) -> None:
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((6, 1)), rng.standard_normal(6)
    labels = np.sign(y) if loss == "logistic" else y
    found = optimal_set(X, labels, beta_fraction=0.1, loss=loss, at=[[1.0], [-1.0]])
    assert found.complete
    assert (found.n_patterns, found.unique) == (2, "yes")
    for one in found.predictions:
        assert one.proven_low <= one.low <= one.high <= one.proven_high
        assert one.proven_high - one.proven_low <= 1e-6


def test_where_rounding_may_hide_cells_nothing_is_proven() -> None:
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((5, 2)), rng.standard_normal(5)
    # a multiple that double precision does not have exactly
    X[4] = 0.7 * X[3]
    found = optimal_set(X, y, beta=0.1, at=[[1.0, 0.0]])
    assert not found.complete
    assert (found.unique, found.proven_by, found.dimension_high) == ("not told", "", None)
    assert (found.smallest_width_low, found.n_surely_used) == (0, 0)
    assert found.predictions[0].proven_low == -np.inf
    assert np.isfinite(found.predictions[0].low)
    assert "may hide cells, so that nothing is proven" in str(found)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("kind", ["rounded", "copies"])
def test_multiples_of_one_row_are_complete_and_those_of_one_column(kind: str, loss: str) -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal(6) * 10.0 ** rng.uniform(-4.0, 4.0, 6)
    b = rng.standard_normal(3) if kind == "rounded" else np.ones(3)
    y = np.where(rng.random(6) < 0.5, 1.0, -1.0)
    found = optimal_set(np.outer(a, b), y, beta_fraction=0.1, loss=loss, at=b[None])
    assert (found.complete, found.unique, found.n_patterns) == (True, "yes", 2)
    one = optimal_set((a * np.linalg.norm(b))[:, None], y, beta=found.beta, loss=loss)
    assert one.dual_value <= found.primal_value * (1.0 + 1e-13)
    assert found.dual_value <= one.primal_value * (1.0 + 1e-13)
    assert found.smallest_width == one.smallest_width == found.smallest_width_low


@pytest.mark.parametrize("seed", range(3))
def test_outputs_of_hidden_cells_are_as_short_as_the_bound_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal(6), rng.standard_normal(3)
    X = np.outer(a, b / np.linalg.norm(b)) + 1e-7 * rng.standard_normal((6, 3))
    most = length_of_hidden_outputs(X)
    u = rng.standard_normal((20_000, 3))
    u -= np.outer(u @ b, b) / (b @ b) * (1.0 - 1e-6 * rng.standard_normal((20_000, 1)))
    u /= np.linalg.norm(u, axis=1)[:, None]
    patterns, main = X @ u.T >= 0.0, X @ b >= 0.0
    agreeing = np.sum(patterns == main[:, None], axis=0)
    hidden = (agreeing > 0) & (agreeing < 6)
    assert hidden.any()
    assert np.linalg.norm(X @ u[hidden].T, axis=0).max() <= most <= 1e-4
    # rows of two directions have cells of any length
    assert length_of_hidden_outputs(rng.standard_normal((6, 3))) == np.inf


@pytest.mark.parametrize("seed", range(2))
def test_networks_narrower_than_the_smallest_one_cost_more_and_more(seed: int) -> None:
    data = gaussian(9, 3, seed)
    found = described(data, 0.05)
    widths = [one.network.width for one in found.pruned]
    prices = [found.price(one) for one in found.pruned]
    assert widths == sorted(widths, reverse=True)
    assert (widths[0], widths[-1]) == (found.smallest_width - 1, 0)
    assert prices == sorted(prices)
    assert prices[0] > 0.0
    zero = 0.5 * float(data.y @ data.y)
    assert found.pruned[-1].loss_value == pytest.approx(zero, rel=1e-14)
    for one in found.pruned:
        assert one.loss_value == one.network.training_loss(data, found.beta)


@pytest.mark.parametrize("seed", range(2))
def test_the_maps_between_networks_and_the_program_are_inverse_on_minimal_networks(
    seed: int,
) -> None:
    data = gaussian(8, 3, seed)
    network = described(data, 0.1).smallest
    structure = structure_of(network, data)
    assert structure.minimal
    assert structure.nearly_minimal
    again = to_network(to_blocks(network, data).point)
    order = np.lexsort(again.hidden.T), np.lexsort(network.hidden.T)
    np.testing.assert_allclose(again.hidden[order[0]], network.hidden[order[1]], atol=1e-14)
    split = split_neuron(network, 0, np.array([0.25, 0.75]))
    assert structure_of(split, data).nearly_minimal
    assert not structure_of(split, data).minimal


def test_the_record_has_plain_scalars_in_the_order_of_its_fields() -> None:
    found = of_continuum(CONTINUA["never_alone"])
    record = found.record
    assert type(record) is OptimalSetRecord
    names = [field.name for field in fields(OptimalSetRecord)]
    assert [getattr(record, name) for name in names] == [getattr(found, name) for name in names]
    assert "proven by fractions: a polytope of dimension 1" in str(found)


def test_what_cannot_be_described_is_refused_in_one_line() -> None:
    data = gaussian(8, 3, 0)
    with pytest.raises(ConfigurationError, match="Expected a loss with one optimal fit, squared"):
        optimal_set(data.X, np.sign(data.y), beta=0.1, loss="hinge")
    with pytest.raises(EnumerationLimitError, match=r"Expected at most 10 patterns .* have 58"):
        optimal_set(data.X, data.y, beta=0.1, limit=10)
    with pytest.raises(ConfigurationError, match="Expected a positive, finite beta, got -1"):
        optimal_set(data.X, data.y, beta=-1.0)
    with pytest.raises(DataError, match=r"Expected finite rows of 3 features in at, got shape"):
        optimal_set(data.X, data.y, beta=0.1, at=[[1.0, 2.0]])
    with pytest.raises(DataError, match="Expected finite rows of 3 features in at"):
        optimal_set(data.X, data.y, beta=0.1, at=[[1.0, 2.0, np.inf]])


@pytest.mark.parametrize("shares", [[0.5, 0.6], [-0.5, 1.5], [np.nan, 1.0]])
def test_shares_that_do_not_divide_a_neuron_are_refused(shares: list[float]) -> None:
    network = described(gaussian(6, 2, 0), 0.1).smallest
    with pytest.raises(ValueError, match="Expected shares of sum 1, none negative"):
        split_neuron(network, 0, np.array(shares))
    with pytest.raises(ValueError, match="Expected a neuron from 0 to"):
        split_neuron(network, network.width, np.array([1.0]))
