import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pandas as pd
import pytest

import relaxgap
from relaxgap import Dataset, SolveResult, Status, TwoLayerNetwork
from relaxgap.analysis.bracketing import BracketPoint
from relaxgap.analysis.programs import kind_of
from relaxgap.analysis.solved_program import SolveRecord
from relaxgap.analysis.strength import Regularisation
from relaxgap.certificates import price_of_gates
from relaxgap.errors import NoUnitError
from relaxgap.global_optimum.local_pricing import estimate_beta_max
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.networks.gated import GatedNetwork
from relaxgap.numerics.backend import Backend
from relaxgap.numerics.clock import Deadline
from relaxgap.patterns import sample_patterns
from relaxgap.patterns.geometric_algebra import sample_geometric_algebra_patterns


def solved(data: Dataset, **chosen: Any) -> SolveResult:
    return relaxgap.solve(data.X, data.y, **({"beta": 0.1} | chosen))


@pytest.fixture
def nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every arrangement too large to enumerate without asking."""
    monkeypatch.setattr("relaxgap.analysis.strength.MAX_BITS_SOLVED_AT_ONCE", 0)


@pytest.mark.parametrize("program", ["relu", "gated"])
def test_the_network_has_the_value_that_is_certified(data: Dataset, program: str) -> None:
    result = solved(data, program=program)
    assert isinstance(result.network, TwoLayerNetwork if program == "relu" else GatedNetwork)
    assert result.network.width == result.active_blocks
    loss = result.network.training_loss(data, result.beta)
    assert loss == pytest.approx(result.primal_value, rel=1e-9)
    assert result.dual_value <= result.primal_value
    assert result.dual_value <= float(data.y @ result.nu) - 0.5 * float(result.nu @ result.nu)


def test_the_gated_bound_over_all_patterns_is_one_of_every_network_too(data: Dataset) -> None:
    gated, relu = solved(data, program="gated"), solved(data)
    assert gated.lower_bound is not None
    assert gated.lower_bound <= relu.primal_value


@pytest.mark.parametrize("patterns", [3, "gaussian:3"])
def test_a_bound_of_sampled_patterns_is_none_of_the_networks(
    data: Dataset, patterns: int | str
) -> None:
    result = solved(data, patterns=patterns)
    assert result.complete is False
    assert result.lower_bound is None
    assert f"restricted to these {result.n_patterns} patterns lies in" in result.sentence
    assert "any width" not in str(result)
    exact = solved(data)
    assert exact.lower_bound == exact.dual_value
    assert "all two-layer ReLU networks of any width" in exact.sentence
    # sampled patterns restrict the networks: their optimum is no smaller
    assert result.primal_value >= exact.dual_value


def test_patterns_can_be_named_counted_or_given(data: Dataset, tmp_path: Path) -> None:
    whole = relaxgap.enumerate_patterns(data.X)
    np.savez(tmp_path / "gates.npz", gates=whole.gates)
    given, named = solved(data, patterns=whole), solved(data)
    read = solved(data, patterns=str(tmp_path / "gates.npz"))
    assert given.primal_value == named.primal_value == read.primal_value
    assert (given.complete, read.complete) == (True, False)
    assert solved(data, patterns=4).primal_value == solved(data, patterns="gaussian:4").primal_value


def test_patterns_of_other_data_are_refused(data: Dataset) -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="make the patterns from this data"):
        solved(data, patterns=relaxgap.enumerate_patterns(data.X[:4]))


def test_lists_integers_and_frames_are_arrays(data: Dataset) -> None:
    X, y = [[1, 0], [0, 1], [1, 1]], [1, 2, 4]
    values = [
        relaxgap.solve(samples, labels, beta=0.1).primal_value
        for samples, labels in (
            (X, y),
            (np.array(X, dtype=np.float64), np.array(y, dtype=np.float64)),
            (pd.DataFrame(X), pd.Series(y)),
        )
    ]
    assert values[0] == values[1] == values[2]


def test_both_ways_to_the_optimum_give_one_record(
    data: Dataset, request: pytest.FixtureRequest
) -> None:
    enumerated = solved(data, rtol=1e-4)
    request.getfixturevalue("nothing_is_small")
    points: list[BracketPoint] = []
    bracketed = solved(data, rtol=1e-4, on_progress=points.append)
    assert list(asdict(enumerated.record)) == [field.name for field in fields(SolveRecord)]
    assert asdict(enumerated.record).keys() == asdict(bracketed.record).keys()
    assert bracketed.solver == "global_optimum"
    assert bracketed.lower_bound is not None
    assert bracketed.dual_value <= enumerated.primal_value * (1.0 + 1e-8)
    assert enumerated.dual_value <= bracketed.primal_value * (1.0 + 1e-8)
    # every bracket lies inside the one before, and all were shown
    assert bracketed.history == tuple(points)
    lower = [point.lower_bound for point in points]
    upper = [point.upper_bound for point in points]
    assert lower == sorted(lower)
    assert upper == sorted(upper, reverse=True)
    assert (lower[-1], upper[-1]) == (bracketed.dual_value, bracketed.primal_value)


@pytest.mark.usefixtures("nothing_is_small")
def test_an_interruption_returns_the_bracket_so_far(data: Dataset) -> None:
    def interrupt(point: BracketPoint) -> None:
        raise KeyboardInterrupt

    result = solved(data, on_progress=interrupt)
    assert result.status is Status.INTERRUPTED
    assert result.stopped == "interrupted"
    assert len(result.history) == 1
    assert result.dual_value <= solved(data).primal_value
    assert str(result).endswith(Status.INTERRUPTED.sentence)


@pytest.mark.usefixtures("nothing_is_small")
def test_an_interruption_before_the_first_bracket_is_the_callers(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*arguments: object, **given: object) -> Iterator[GlobalSolution]:
        yield from islice((), 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(GlobalSolver, "brackets", stops)
    with pytest.raises(KeyboardInterrupt):
        solved(data)


def test_the_time_limit_reaches_whichever_way_is_taken(
    data: Dataset, request: pytest.FixtureRequest
) -> None:
    for solver in (None, "column_generation", "clarabel"):
        hasty = solved(data, rtol=1e-15, time_limit=1e-9, solver=solver)
        assert hasty.status is Status.TIME_LIMIT
    request.getfixturevalue("nothing_is_small")
    hasty = solved(data, rtol=1e-10, time_limit=1e-9)
    assert hasty.status is Status.TIME_LIMIT
    assert 0.0 < hasty.dual_value <= hasty.primal_value


@pytest.mark.usefixtures("nothing_is_small")
def test_the_time_limit_reaches_the_ascent_towards_beta_max(data: Dataset) -> None:
    late = estimate_beta_max(data, deadline=Deadline(-math.inf))
    hasty = relaxgap.solve(data.X, data.y, beta_fraction=0.1, time_limit=1e-9)
    assert hasty.beta == 0.1 * late < 0.1 * estimate_beta_max(data)
    network = np.ones((2, data.d)), np.ones(2)
    report = relaxgap.certify(network, data.X, data.y, beta_fraction=0.1, time_limit=1e-9)
    assert report.beta == hasty.beta


def test_the_time_limit_reaches_the_price_of_listed_patterns(data: Dataset) -> None:
    patterns = sample_patterns(data.X, 20, np.random.default_rng(0))
    strength = Regularisation(None, 0.1)
    late = strength.resolve(data, patterns, Deadline(-math.inf))
    assert late == 0.1 * price_of_gates(data, patterns)
    assert 0.0 < late < strength.resolve(data, patterns)


def test_gates_of_geometric_algebra_are_those_of_the_sampler(data: Dataset) -> None:
    stream = np.random.SeedSequence(3).spawn(3)[1]
    drawn = sample_geometric_algebra_patterns(data.X, 6, np.random.default_rng(stream))
    chosen = solved(data, patterns="geometric_algebra:6", seed=3)
    assert chosen.primal_value == solved(data, patterns=drawn).primal_value
    assert not chosen.complete


def test_every_status_is_a_sentence() -> None:
    for status in Status:
        said = status.sentence
        assert said[0].isupper()
        assert said.endswith(".")
    assert len({status.sentence for status in Status}) == len(Status)


@pytest.mark.parametrize(
    ("chosen", "error", "said"),
    [
        ({"beta": None}, relaxgap.ConfigurationError, "got neither; give for example"),
        ({"beta_fraction": 0.1}, relaxgap.ConfigurationError, "got 0.1 and 0.1"),
        ({"beta": -1.0}, relaxgap.ConfigurationError, "positive, finite beta, got -1"),
        ({"rtol": 2.0}, relaxgap.ConfigurationError, "0 < rtol < 1, got 2"),
        ({"time_limit": 0.0}, relaxgap.ConfigurationError, "time limit above 0"),
        ({"patterns": 0}, relaxgap.ConfigurationError, "got 0; try gaussian:50"),
        ({"patterns": "some"}, relaxgap.ConfigurationError, "try gaussian:50"),
        ({"program": "linear"}, relaxgap.ConfigurationError, "relu, gated, got 'linear'"),
        ({"solver": "gurobi"}, relaxgap.ConfigurationError, "scs, got 'gurobi'"),
        (
            {"solver": "scs", "backend": Backend(dtype="float32")},
            relaxgap.ConfigurationError,
            "float64 for solver scs",
        ),
        (
            {"solver": "semismooth_newton", "limit": 3},
            relaxgap.EnumerationLimitError,
            "over the limit of 3",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(
    data: Dataset, chosen: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        solved(data, **chosen)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        ([["a"]], [1.0], "real numbers in X"),
        ([[1.0, 2.0], [1.0]], [1.0, 2.0], "real numbers in X"),
        ([[1.0j]], [1.0], "real numbers in X"),
        ([[1.0]], [None], "NaN or infinite entries in y"),
        ([1.0], [1.0], "X with 2 axes"),
        ([[np.inf]], [1.0], "NaN or infinite entries in X"),
        ([[1.0]], [1.0, 2.0], "1 rows of X and 2 labels"),
    ],
)
def test_wrong_data_are_one_line(
    X: Any, y: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the run-time type hook would refuse the shapes first, in many lines
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(relaxgap.DataError) as caught:
        relaxgap.solve(X, y, beta=0.1)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("standardize", [False, True])
def test_a_fraction_of_what_is_zero_up_to_rounding_is_refused(loss: str, standardize: bool) -> None:
    # the best constant leaves labels whose sum is rounding, which rows that are alike take for all
    X, y = np.full((5, 2), 0.1), np.array([0.1, 0.2, 0.7, -0.4, 0.3])
    labels = np.sign(y) if loss == "logistic" else y
    with pytest.raises(NoUnitError, match="up to rounding"):
        relaxgap.solve(X, labels, beta_fraction=0.1, loss=loss, bias=True, standardize=standardize)
    kept = relaxgap.solve(X, labels, beta=0.1, loss=loss, bias=True, standardize=standardize)
    assert (kept.status, kept.active_blocks) == (Status.SOLVED, 0)


@pytest.mark.parametrize("chosen", [{}, {"program": "gated"}], ids=["relu", "gated"])
def test_the_same_settings_give_the_same_bits(data: Dataset, chosen: dict[str, str]) -> None:
    once, again = (asdict(solved(data, **chosen).record) for _ in range(2))
    del once["solve_seconds"], again["solve_seconds"]
    assert once == again


@pytest.mark.parametrize("solver", ["semismooth_newton", "clarabel"])
def test_a_callback_sees_every_bracket_where_the_patterns_are_listed(
    data: Dataset, solver: str
) -> None:
    seen: list[BracketPoint] = []
    show: Callable[[BracketPoint], None] = seen.append
    result = solved(data, on_progress=show, solver=solver)
    assert result.history == tuple(seen)
    assert (seen[-1].lower_bound, seen[-1].upper_bound) == (
        result.dual_value,
        result.primal_value,
    )
    for before, after in pairwise(seen):
        assert before.lower_bound <= after.lower_bound <= after.upper_bound <= before.upper_bound


def test_patterns_that_other_data_have_are_refused() -> None:
    rng = np.random.default_rng(0)
    X, other, y = rng.standard_normal((6, 2)), rng.standard_normal((6, 2)), rng.standard_normal(6)
    for verb in (relaxgap.solve, relaxgap.path):
        chosen = {"beta": 0.05} if verb is relaxgap.solve else {}
        with pytest.raises(relaxgap.ConfigurationError, match="make the patterns from this data"):
            verb(other, y, patterns=relaxgap.enumerate_patterns(X), **chosen)


def test_all_patterns_of_other_data_are_not_all_patterns_of_these() -> None:
    X, y = np.array([[1.0, 0.1], [1.0, -0.1]]), np.array([1.0, -2.0])
    patterns = relaxgap.enumerate_patterns(X)
    moved = np.array([[1.0, 0.2], [1.0, -0.2]])
    assert relaxgap.solve(X, y, beta=0.1, patterns=patterns).complete
    result = relaxgap.solve(moved, y, beta=0.1, patterns=patterns)
    assert not result.complete
    assert result.lower_bound is None


def test_no_network_is_spoken_of_where_none_is_known() -> None:
    with pytest.raises(relaxgap.ConfigurationError, match="whose points are networks, relu or gat"):
        kind_of("positive")


@pytest.mark.parametrize(
    ("dual", "said"),
    [(0.99, "1.1% above it"), (0.2, "5 times it"), (1.0, "optimal"), (0.0, "is 0")],
)
def test_how_far_a_network_is_above_the_optimum_is_said_over_the_lower_bound_and_rounded_up(
    data: Dataset, dual: float, said: str
) -> None:
    result = replace(solved(data), primal_value=1.0, dual_value=dual)
    assert result.sentence.removesuffix(".").endswith(said)


def test_a_bias_over_unlisted_patterns_ends_for_want_of_time_where_its_programs_did() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 8)), rng.standard_normal(60)
    result = relaxgap.solve(X, y, beta_fraction=0.05, bias=True, rtol=1e-6, time_limit=1.5)
    assert result.status in (Status.TIME_LIMIT, Status.SOLVED)
    assert result.dual_value <= result.primal_value
