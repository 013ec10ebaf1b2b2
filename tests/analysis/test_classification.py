"""The verbs on two classes: names in, brackets of the logistic and the hinge loss out."""

import numpy as np
import pytest

import relaxgap
from relaxgap import Dataset, TwoLayerNetwork
from relaxgap.problems import LOSSES

ANSWERS = ["yes", "no", "yes", "no", "no", "yes"]
SIGNS = np.array([1.0, -1.0, 1.0, -1.0, -1.0, 1.0])
NAMES = pytest.mark.parametrize("loss", ["logistic", "hinge"])


@NAMES
@pytest.mark.parametrize("program", ["relu", "gated"])
def test_names_of_classes_are_mapped_and_remembered(data: Dataset, loss: str, program: str) -> None:
    named = relaxgap.solve(data.X, ANSWERS, beta_fraction=0.2, program=program, loss=loss)
    signed = relaxgap.solve(data.X, SIGNS, beta_fraction=0.2, program=program, loss=loss)
    assert (named.loss, named.classes, signed.classes) == (loss, ("no", "yes"), ("-1", "1"))
    assert (named.primal_value, named.dual_value) == (signed.primal_value, signed.dual_value)
    assert named.relative_gap <= 1e-6
    value = named.network.training_loss(Dataset(data.X, SIGNS), named.beta, LOSSES[loss])
    assert value == pytest.approx(named.primal_value, rel=1e-9)
    assert "above 0 for 'yes'" in str(named)


@NAMES
def test_the_zero_network_is_optimal_from_beta_max_on_and_a_path_starts_there(
    data: Dataset, loss: str
) -> None:
    path = relaxgap.path(data.X, ANSWERS, points=3, smallest_fraction=0.01, loss=loss)
    first = path.rows[0]
    assert (path.loss, path.classes, first.active_blocks) == (loss, ("no", "yes"), 0)
    assert first.primal_value == pytest.approx(6.0 if loss == "hinge" else 6.0 * np.log(2.0))
    values = [row.primal_value for row in path.rows]
    assert path.n_missed == 0
    assert values == sorted(values, reverse=True)
    at = relaxgap.solve(data.X, ANSWERS, beta=path.rows[1].beta, loss=loss)
    assert at.dual_value <= path.rows[1].primal_value
    assert path.rows[1].dual_value <= at.primal_value


@NAMES
def test_a_network_is_measured_against_the_best_of_its_loss(
    data: Dataset, untrained: TwoLayerNetwork, loss: str
) -> None:
    best = relaxgap.solve(data.X, ANSWERS, beta=0.1, loss=loss)
    report = relaxgap.certify(untrained, data.X, ANSWERS, beta=0.1, loss=loss)
    assert (report.loss, report.classes) == (loss, ("no", "yes"))
    assert report.lower_bound <= best.primal_value
    assert best.dual_value <= report.upper_bound < report.network_value
    assert "above 0 for 'yes'" in str(report)
    assert ("nothing is said of stationarity" in str(report)) == (loss == "hinge")
    # a gradient that is not one says nothing of being stationary
    measured = (report.stationarity_residual, report.n_improving_patterns)
    assert all((number is None) == (loss == "hinge") for number in measured)


def test_the_weights_of_an_optimum_imply_their_beta_for_the_logistic_loss(data: Dataset) -> None:
    best = relaxgap.solve(data.X, ANSWERS, beta=0.1, loss="logistic", rtol=1e-9)
    report = relaxgap.certify(best.network, data.X, ANSWERS, loss="logistic")
    assert report.beta == pytest.approx(0.1, rel=1e-4)
    assert report.relative_gap <= 1e-3
    with pytest.raises(relaxgap.ConfigurationError, match="for the hinge loss, got neither"):
        relaxgap.certify(best.network, data.X, ANSWERS, loss="hinge")


@NAMES
def test_one_class_alone_is_solved_and_said(data: Dataset, loss: str) -> None:
    result = relaxgap.solve(data.X, ["x"] * 6, beta_fraction=0.1, loss=loss)
    assert result.relative_gap <= 1e-6
    assert result.classes == ("x",)
    assert "All samples are of one class, 'x'" in str(result)


def test_every_class_gets_a_network_and_a_bracket_against_the_rest(data: Dataset) -> None:
    results = [
        relaxgap.solve(data.X, list("abcaab"), 0.1, loss="logistic", against_rest=name)
        for name in "abc"
    ]
    assert [result.classes for result in results] == [(f"not {c}", c) for c in "abc"]
    assert all(result.relative_gap <= 1e-6 for result in results)
    signs = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0])
    alone = relaxgap.solve(data.X, signs, 0.1, loss="logistic")
    assert results[0].primal_value == alone.primal_value
    with pytest.raises(relaxgap.ConfigurationError, match="Expected a loss of classes"):
        relaxgap.solve(data.X, data.y, 0.1, against_rest="a")


@NAMES
def test_what_is_no_loss_or_not_two_classes_is_refused_in_one_line(
    data: Dataset, loss: str
) -> None:
    with pytest.raises(relaxgap.DataError, match="got 3 different ones: 'a', 'b', 'c'"):
        relaxgap.solve(data.X, list("abcabc"), beta=0.1, loss=loss)
    with pytest.raises(relaxgap.DataError, match="got 6 different ones"):
        relaxgap.path(data.X, data.y, loss=loss)
    for verb in (relaxgap.solve, relaxgap.path):
        with pytest.raises(relaxgap.ConfigurationError, match="squared, logistic, hinge, got 'h'"):
            verb(data.X, SIGNS, **({"beta": 0.1} if verb is relaxgap.solve else {}), loss="h")
    with pytest.raises(relaxgap.ConfigurationError, match=f"for the {loss} loss, got 'spectral'"):
        relaxgap.certify(
            ([[1.0, 0.0]], [1.0]), data.X, SIGNS, 0.1, certificate="spectral", loss=loss
        )


@NAMES
def test_patterns_too_many_to_list_are_bracketed_without_a_list(
    data: Dataset, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = relaxgap.solve(data.X, ANSWERS, beta_fraction=0.3, loss=loss)
    monkeypatch.setattr("relaxgap.analysis.strength.MAX_BITS_SOLVED_AT_ONCE", 0)
    bracketed = relaxgap.solve(data.X, ANSWERS, beta=listed.beta, rtol=1e-4, loss=loss)
    assert (bracketed.solver, bracketed.complete) == ("global_optimum", True)
    assert bracketed.relative_gap <= 1e-4
    assert bracketed.dual_value <= listed.primal_value
    assert listed.dual_value <= bracketed.primal_value
