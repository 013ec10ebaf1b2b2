import math
from contextlib import AbstractContextManager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import relaxgap
from relaxgap import Dataset, FittedNetwork, NetworkReport, Status, TwoLayerNetwork
from relaxgap.analysis.network_record import MEANINGS
from relaxgap.networks.gated import GatedNetwork
from relaxgap.numerics.clock import Deadline, in_force


def certified(network: Any, data: Dataset, **chosen: Any) -> NetworkReport:
    # what is found in a limited time is no fact
    unhurried: dict[str, Any] = {"beta": 0.1, "time_limit": None}
    return relaxgap.certify(network, data.X, data.y, **(unhurried | chosen))


def numbers(report: NetworkReport) -> dict[str, Any]:
    row = asdict(report.record)
    del row["seconds"]
    return row


def test_the_attributes_are_the_numbers_of_the_command(
    data: Dataset, untrained: TwoLayerNetwork
) -> None:
    report = certified(untrained, data)
    assert list(asdict(report.record)) == list(MEANINGS)
    assert report.network_value == untrained.training_loss(data, 0.1)
    assert 0.0 < report.lower_bound <= report.upper_bound < report.network_value
    assert str(report).endswith(report.verdict)
    assert all(sentence in str(report) for sentence in report.remarks)


def test_a_network_can_be_given_in_every_form(
    data: Dataset, untrained: TwoLayerNetwork, tmp_path: Path
) -> None:
    path = untrained.save(tmp_path / "network.npz")
    rows = [
        numbers(certified(network, data))
        for network in (
            untrained,
            FittedNetwork(untrained, has_bias=False),
            (untrained.hidden, untrained.output),
            [untrained.hidden.tolist(), untrained.output.tolist()],
            path,
            str(path),
        )
    ]
    assert all(row == rows[0] for row in rows[1:])


@pytest.mark.parametrize(("time_limit", "most"), [(None, math.inf), (1e-9, 1.0), (60.0, 6.0)])
def test_the_look_for_patterns_takes_a_tenth_of_the_time_limit_or_a_second(
    time_limit: float | None,
    most: float,
    data: Dataset,
    untrained: TwoLayerNetwork,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[float] = []
    ticks = count()

    def recorded(deadline: Deadline) -> AbstractContextManager[None]:
        looks.append(deadline.remaining_seconds)
        return in_force(deadline)

    # every look at the clock takes a microsecond
    clock = SimpleNamespace(monotonic=lambda: 1e-6 * next(ticks))
    monkeypatch.setattr("relaxgap.numerics.clock.time", clock)
    monkeypatch.setattr("relaxgap.analysis.certifying.in_force", recorded)
    certified(untrained, data, time_limit=time_limit)
    assert looks == [pytest.approx(most, abs=1e-3)]


def test_the_best_network_has_the_upper_bound_as_its_loss(
    data: Dataset, untrained: TwoLayerNetwork, tmp_path: Path
) -> None:
    report = certified(untrained, data)
    assert report.better_network_found
    loss = report.best_network.training_loss(data, report.beta)
    assert loss == pytest.approx(report.upper_bound, rel=1e-9)
    again = certified(report.best.save(tmp_path / "best.npz"), data)
    assert again.network_value == pytest.approx(report.upper_bound, rel=1e-9)
    assert again.verdict.startswith("This network is optimal to the accuracy asked for")


def test_a_solved_network_is_certified_at_the_beta_that_it_implies(data: Dataset) -> None:
    result = relaxgap.solve(data.X, data.y, beta_fraction=0.1)
    report = relaxgap.certify(result.network, data.X, data.y)
    assert report.beta_source == "implied"
    assert report.beta == pytest.approx(result.beta, rel=1e-4)
    assert report.better_network_found is False or report.improvement < 1e-6
    assert report.lower_bound <= result.primal_value


def test_hidden_biases_come_back_with_the_best_network(data: Dataset, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    path = tmp_path / "biased.npz"
    np.savez(
        path,
        hidden=rng.standard_normal((4, 2)),
        output=rng.standard_normal(4),
        hidden_bias=rng.standard_normal(4),
    )
    report = certified(path, data)
    assert report.has_bias
    assert report.best_network.hidden.shape[1] == report.d == 3
    again = certified(report.best.save(tmp_path / "best.npz"), data)
    assert again.network_value == pytest.approx(report.upper_bound, rel=1e-9)


def test_an_interruption_returns_the_bracket_so_far(
    data: Dataset, untrained: TwoLayerNetwork
) -> None:
    def interrupt(point: object) -> None:
        raise KeyboardInterrupt

    report = certified(untrained, data, on_progress=interrupt)
    assert report.status is Status.INTERRUPTED
    assert report.stopped == "interrupted"
    assert report.n_improving_patterns is None
    assert report.lower_bound <= report.upper_bound <= report.network_value
    assert len(report.history) == 1


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (3, "or the path of a file, got int"),
        ((np.ones((2, 2)), np.ones(2), np.ones(2)), "got tuple"),
        ((np.ones((2, 3)), np.ones(2)), "shape (m, 2)"),
        ((np.ones((2, 2)), np.ones(3)), "Expected 2 output weights"),
        ((np.ones((2, 2)), np.ones((2, 2))), "of one output for one label a sample, got one of 2"),
        ((np.ones((2, 2)), np.ones((2, 1, 1))), "output with 1 or 2 axes"),
        ((np.full((2, 2), np.nan), np.ones(2)), "NaN or infinite entries in hidden"),
        ((["a"], [1.0]), "real numbers in hidden"),
        (
            GatedNetwork(np.ones((2, 2)), np.ones((2, 2))),
            "got the gates and weights of a gated one",
        ),
        ("nowhere.npz", "existing file"),
    ],
)
def test_a_wrong_network_is_one_line(data: Dataset, network: Any, said: str) -> None:
    with pytest.raises(relaxgap.DataError) as caught:
        certified(network, data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"beta_fraction": 0.1}, "exactly one of beta and beta_fraction"),
        ({"beta": 0.0}, "positive, finite beta, got 0"),
        ({"beta": 1e308}, "a finite float64, got 1e"),
        ({"rtol": 0.0}, "0 < rtol < 1, got 0"),
        ({"time_limit": -1.0}, "time limit above 0 seconds, got -1"),
        ({"certificate": "oracle"}, "got 'oracle'; choose one"),
    ],
)
def test_a_wrong_setting_is_one_line(
    data: Dataset, untrained: TwoLayerNetwork, chosen: dict[str, Any], said: str
) -> None:
    with pytest.raises(relaxgap.ConfigurationError) as caught:
        certified(untrained, data, **chosen)
    assert said in str(caught.value)
