"""The verbs for three layers: what they return, and what they refuse."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import relaxgap
from relaxgap.analysis.three_layer_report import ThreeLayerReport
from relaxgap.data.dataset import Dataset
from relaxgap.networks.reading.three_layers import load_three_layers
from relaxgap.networks.three_layer_network import ThreeLayerNetwork
from relaxgap.problems.three_layer import NORMALISATIONS, ThreeLayerProgram
from relaxgap.solvers.base import Status

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((6, 2)), RNG.standard_normal(6)
THREE: dict[str, Any] = {"program": "three_layer"}


def program(result: relaxgap.SolveResult, normalisation: str = "columns") -> ThreeLayerProgram:
    assert isinstance(result.network, ThreeLayerNetwork)
    return ThreeLayerProgram(
        Dataset(X, Y), result.beta, result.network.subnetwork_width, normalisation
    )


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_a_problem_of_three_layers_is_solved(normalisation: str) -> None:
    result = relaxgap.solve(
        X, Y, beta_fraction=0.1, rtol=1e-8, normalisation=normalisation, **THREE
    )
    assert (result.status, result.complete, result.program) == ("solved", True, "three_layer")
    assert (result.solver, result.certificate) == ("selections", "selections")
    network = result.network
    assert isinstance(network, ThreeLayerNetwork)
    assert network.subnetwork_width == 2
    loss = network.training_loss(program(result, normalisation))
    assert loss == pytest.approx(result.primal_value, rel=1e-11)
    assert "three-layer ReLU networks of any number" in result.sentence
    assert result.nu.shape == Y.shape


def test_width_one_is_the_two_layer_problem_and_two_is_no_worse() -> None:
    two = relaxgap.solve(X, Y, beta=0.3, rtol=1e-9)
    one = relaxgap.solve(X, Y, beta=0.3, rtol=1e-9, subnetwork_width=1, **THREE)
    assert one.primal_value == pytest.approx(two.primal_value, rel=1e-8)
    wider = relaxgap.solve(X, Y, beta=0.3, rtol=1e-9, subnetwork_width=2, **THREE)
    assert wider.dual_value <= two.primal_value


@pytest.mark.parametrize("units", [(1e8, 1e-9), (1e-7, 1e5)])
def test_units_change_nothing_but_units(units: tuple[float, float]) -> None:
    base = relaxgap.solve(X, Y, beta_fraction=0.1, rtol=1e-7, **THREE)
    other = relaxgap.solve(units[0] * X, units[1] * Y, beta_fraction=0.1, rtol=1e-7, **THREE)
    assert other.status == "solved"
    assert other.primal_value / units[1] ** 2 == pytest.approx(base.primal_value, rel=1e-6)


def test_sampled_patterns_bound_their_own_program() -> None:
    best = relaxgap.solve(X, Y, beta=0.3, **THREE)
    result = relaxgap.solve(X, Y, beta=0.3, patterns="gaussian:20", **THREE)
    assert (result.status, result.complete, result.lower_bound) == ("solved", False, None)
    assert result.primal_value >= best.dual_value
    assert result.solver == "interior"
    fraction = relaxgap.solve(X, Y, beta_fraction=0.2, patterns=20, **THREE)
    assert fraction.status == "solved"


def test_many_rows_leave_a_bracket_in_time() -> None:
    rng = np.random.default_rng(1)
    wide, labels = rng.standard_normal((40, 6)), rng.standard_normal(40)
    result = relaxgap.solve(wide, labels, beta_fraction=0.3, time_limit=2.0, **THREE)
    assert 0.0 < result.dual_value <= result.primal_value
    assert result.status != "running"


def test_zero_labels_and_a_strength_above_all_give_zero_networks() -> None:
    result = relaxgap.solve(X, np.zeros(6), beta=1.0, **THREE)
    assert (result.primal_value, result.active_blocks) == (0.0, 0)
    above = relaxgap.solve(X, Y, beta_fraction=1.5, **THREE)
    assert (above.status, above.active_blocks) == ("solved", 0)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"subnetwork_width": 0}, "subnetwork_width of at least 1"),
        ({"normalisation": "rows"}, "normalisation out of columns, frobenius"),
        ({"loss": "logistic"}, "squared loss"),
        ({"bias": True}, "no bias"),
        ({"minimal": True}, "no minimal"),
        ({"patterns": "gates.npz"}, "patterns all or gaussian"),
        ({"solver": "simplex"}, "the solver selections"),
        ({"rtol": 2.0}, "rtol"),
        ({"time_limit": -1.0}, "Expected"),
        ({"backend": relaxgap.Backend(dtype="float32")}, "backend numpy"),
        ({"program": "relu", "normalisation": "columns"}, "no normalisation for the program relu"),
        ({"program": "relu", "subnetwork_width": 2}, "no subnetwork_width for the program relu"),
    ],
)
def test_what_three_layers_do_not_have_is_refused(settings: dict[str, Any], match: str) -> None:
    with pytest.raises(relaxgap.ConfigurationError, match=match):
        relaxgap.solve(X, Y, beta=0.1, **(THREE | settings))


def test_several_columns_of_labels_are_refused() -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="one column of labels"):
        relaxgap.solve(X, np.ones((6, 2)), beta=0.1, **THREE)
    with pytest.raises(relaxgap.ConfigurationError, match="beta_max > 0"):
        relaxgap.solve(X, np.zeros(6), beta_fraction=0.1, **THREE)


def test_a_network_of_three_layers_is_certified(tmp_path: Path) -> None:
    layers = RNG.standard_normal((4, 2, 2)), RNG.standard_normal((4, 2)), RNG.standard_normal(4)
    report = relaxgap.certify(layers, X, Y, beta=0.2, rtol=1e-6)
    assert isinstance(report, ThreeLayerReport)
    best = relaxgap.solve(X, Y, beta=0.2, rtol=1e-7, **THREE)
    assert report.lower_bound <= best.primal_value
    assert best.dual_value <= report.upper_bound < report.network_value
    assert "a better one was found" in str(report)
    path = report.best_network.save(tmp_path / "best.npz")
    again = relaxgap.certify(path, X, Y, rtol=1e-6, normalisation="columns")
    assert isinstance(again, ThreeLayerReport)
    assert (again.beta_source, again.better_network_found) == ("implied", False)
    assert again.beta == pytest.approx(0.2, rel=1e-4)
    assert again.certified_ratio == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("network", "match"),
    [
        ((np.ones((2, 2, 3)), np.ones((2, 2)), np.ones(2)), r"hidden \(K, m, 2\)"),
        ((np.ones((2, 2, 2)), np.ones((2, 3)), np.ones(2)), r"inner \(K, m\)"),
        ((np.full((1, 2, 2), np.inf), np.ones((1, 2)), np.ones(1)), "finite weights"),
        ("missing.npz", "missing.npz"),
        (7, "a ThreeLayerNetwork"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(network: Any, match: str) -> None:
    with pytest.raises(relaxgap.DataError, match=match):
        relaxgap.certify(network, X, Y, beta=0.2, normalisation="columns")


def safetensors(path: Path, state: dict[str, np.ndarray]) -> str:
    """Write tensors as the library of that name does."""
    header, start = {}, 0
    for name, array in state.items():
        end = start + array.nbytes
        header[name] = {"dtype": "F64", "shape": array.shape, "data_offsets": [start, end]}
        start = end
    text = json.dumps(header).encode()
    weights = b"".join(array.tobytes() for array in state.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + weights)
    return str(path)


def test_checkpoints_of_subnetworks_are_read(tmp_path: Path) -> None:
    shapes = ((2, 3), (1, 2), (1, 1))
    parts = [[RNG.standard_normal(shape) for shape in shapes] for _ in range(3)]
    state = {
        f"{k}.{2 * layer}.weight": weights
        for k, part in enumerate(parts)
        for layer, weights in enumerate(part)
    }
    network = load_three_layers(safetensors(tmp_path / "parallel.safetensors", state))
    np.testing.assert_array_equal(network.hidden, np.stack([part[0] for part in parts]))
    np.testing.assert_array_equal(network.output, [part[2][0, 0] for part in parts])
    stacked = {"W": network.hidden, "w": network.inner, "v": network.output}
    again = load_three_layers(safetensors(tmp_path / "stacked.safetensors", stacked))
    np.testing.assert_array_equal(again.inner, network.inner)
    biased = safetensors(tmp_path / "biased.safetensors", state | {"0.0.bias": np.ones(2)})
    with pytest.raises(relaxgap.DataError, match="without biases"):
        load_three_layers(biased)


def test_weights_whose_squares_vanish_are_weights() -> None:
    rng = np.random.default_rng(0)
    rows, labels = rng.standard_normal((5, 2)), rng.standard_normal(5)
    hidden, inner = rng.standard_normal((3, 2, 2)), rng.standard_normal((3, 2))
    output = rng.standard_normal(3)
    tiny = ThreeLayerNetwork(hidden * 1e-170, inner * 1e170, output)
    asked: dict[str, Any] = {"normalisation": "columns", "beta": 0.5, "time_limit": 2.0}
    one = relaxgap.certify(tiny, rows, labels, **asked)
    other = relaxgap.certify(ThreeLayerNetwork(hidden, inner, output), rows, labels, **asked)
    assert one.network_value == pytest.approx(other.network_value, rel=1e-9)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"subnetwork_width": 11}, "at most 10"),
        ({"subnetwork_width": 2.5}, "a whole number"),
        ({"subnetwork_width": True}, "a whole number"),
        ({"normalisation": ""}, "a normalisation out of"),
    ],
)
def test_settings_that_are_none_are_refused_in_one_line(
    settings: dict[str, Any], match: str
) -> None:
    with pytest.raises(relaxgap.ConfigurationError, match=match) as refused:
        relaxgap.solve(np.eye(2), np.ones(2), beta=0.1, program="three_layer", **settings)
    assert "\n" not in str(refused.value)


def test_a_limit_inside_the_first_search_leaves_a_network_and_a_bound() -> None:
    rng = np.random.default_rng(0)
    rows, labels = rng.standard_normal((40, 4)), rng.standard_normal(40)
    found = relaxgap.solve(
        rows, labels, beta_fraction=0.1, program="three_layer", subnetwork_width=3, time_limit=4.0
    )
    assert found.status is Status.TIME_LIMIT
    assert 0.0 < found.dual_value < found.primal_value < 0.5 * float(labels @ labels)


def test_a_file_of_three_layers_wants_its_normalisation(tmp_path: Path) -> None:
    network = ThreeLayerNetwork(np.ones((1, 2, 2)), np.ones((1, 2)), np.ones(1))
    with pytest.raises(relaxgap.DataError, match="a normalisation beside"):
        relaxgap.certify(network.save(tmp_path / "net.npz"), np.eye(2), np.ones(2), beta=0.1)
