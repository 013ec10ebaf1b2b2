import re
from dataclasses import asdict, fields, replace

import pytest

from relaxgap.analysis.comparison import interval
from relaxgap.analysis.network_record import MEANINGS, CertifiedNetwork
from relaxgap.analysis.verdict import remarks, verdict
from relaxgap.problems.biases import Bias
from relaxgap.solvers import Status

REPORT = CertifiedNetwork(
    network_value=1.2345,
    lower_bound=1.0,
    upper_bound=1.1,
    certified_ratio=1.2345,
    certificate="branch_and_bound",
    status=Status.TIME_LIMIT,
    relative_gap=0.0909,
    rtol=1e-3,
    seconds=1.0,
    beta=0.1,
    beta_source="given",
    stationarity_residual=1e-6,
    steepest_slope=-1e-6,
    better_network_found=True,
    improvement=0.1345,
    n_improving_patterns=3,
    largest_price_ratio=1.25,
    width=4,
    n_live=4,
    n_cells=4,
    scaled=True,
    nearly_minimal=True,
    minimal=True,
    has_bias=False,
    hidden_bias=Bias.NONE,
    output_bias=Bias.NONE,
    standardized=False,
    n=6,
    d=2,
    n_rounds=1,
    n_regions=0,
    threads=1,
    seed=0,
    loss="squared",
    classes=None,
)


def measured(value: float, lower: float, upper: float | None = None) -> CertifiedNetwork:
    upper = value if upper is None else upper
    ratio = value / lower if lower > 0.0 else None
    return replace(
        REPORT,
        network_value=value,
        lower_bound=lower,
        upper_bound=upper,
        certified_ratio=ratio,
        better_network_found=upper < value,
        improvement=value - upper,
    )


def test_every_number_has_a_meaning() -> None:
    assert list(MEANINGS) == [field.name for field in fields(CertifiedNetwork)]
    assert list(asdict(REPORT)) == list(MEANINGS)


@pytest.mark.parametrize("excess", [1.5e-3, 0.0123, 0.0301, 0.5, 0.9999])
def test_the_percentage_is_rounded_to_the_safe_side(excess: float) -> None:
    said = verdict(measured(1.0 + excess, 1.0, 1.0 + 1e-6))
    most, least = (float(number) for number in re.findall(r"([\d.]+)% above", said))
    exact, known = 100.0 * excess, 100.0 * (excess - 1e-6) / (1.0 + 1e-6)
    assert exact * (1.0 - 1e-12) <= most <= 1.1 * exact
    assert 0.9 * known <= least <= known


def test_far_above_the_best_it_is_a_factor() -> None:
    assert "at most 4.3 times the best of any width." in verdict(measured(4.21, 1.0))
    said = verdict(measured(4.21, 1.0, 1.05))
    assert said.endswith("and at least 4 times it: a better one was found.")


def test_a_network_within_rtol_is_said_to_be_optimal() -> None:
    # the relative gap is over the larger value, as everywhere
    assert verdict(measured(1.0, 0.99901)).startswith("This network is optimal to the accuracy")
    assert verdict(measured(1.0, 0.9989)).startswith("This network is at most 0.12% above the best")


def test_nothing_is_claimed_from_a_lower_bound_of_zero() -> None:
    said = verdict(measured(1.0, 0.0))
    assert "not proven" in said
    assert "%" not in said


def test_the_zero_loss_is_the_best_there_is() -> None:
    assert verdict(measured(0.0, 0.0)) == "This network is optimal: its training loss is 0."
    assert "has training loss 0; this one has 0.5." in verdict(measured(0.5, 0.0, 0.0))


def test_an_inferred_beta_is_said_with_its_residual() -> None:
    assert not any("inferred" in sentence for sentence in remarks(REPORT))
    near = remarks(replace(REPORT, beta_source="implied"))
    assert "0.1 was inferred from the weights" in near[0]
    assert "residual of 1e-06" in near[0]
    assert not any("far from stationary" in sentence for sentence in near)


@pytest.mark.parametrize("residual", [0.2, None])
def test_a_beta_inferred_far_from_stationary_is_warned_of(residual: float | None) -> None:
    report = replace(REPORT, beta_source="implied", stationarity_residual=residual)
    assert "give beta." in remarks(report)[1]
    assert "Biases" not in remarks(report)[1]
    assert "Biases trained without weight decay" in remarks(replace(report, has_bias=True))[1]


@pytest.mark.parametrize(
    ("residual", "slope", "is_said"),
    [
        pytest.param(1e-9, -0.1, True, id="on a concave kink"),
        pytest.param(1e-9, -2e-9, False, id="at a local minimum"),
        pytest.param(1e-9, -9e-6, False, id="to the tolerance of a kink"),
        pytest.param(5e-4, -3e-3, False, id="hardly steeper than the residual"),
        pytest.param(0.3, None, False, id="not stationary"),
        pytest.param(None, None, False, id="diverged"),
    ],
)
def test_a_stationary_point_that_is_no_local_minimum_is_said(
    residual: float | None, slope: float | None, is_said: bool
) -> None:
    said = remarks(replace(REPORT, stationarity_residual=residual, steepest_slope=slope))
    assert any("no local minimum" in sentence for sentence in said) == is_said


@pytest.mark.parametrize(
    ("n_found", "said"),
    [(3, "at least 3 activation patterns;"), (1, "at least 1 activation pattern;"), (0, "No ")],
)
def test_improving_patterns_are_said(n_found: int, said: str) -> None:
    (sentence,) = remarks(replace(REPORT, n_improving_patterns=n_found))
    assert said in sentence
    assert "1.25 beta" in sentence


def test_patterns_that_were_not_looked_for_are_not_mentioned() -> None:
    assert not remarks(replace(REPORT, n_improving_patterns=None, largest_price_ratio=None))


@pytest.mark.parametrize(
    ("lower", "upper", "said"),
    [
        (5.1140793459, 5.1140794020, "[5.11407934, 5.11407941]"),
        (0.1 + 0.2, 1.0, "[0.3, 1]"),
        (-1.23456789123e-7, 9.99999999999e9, "[-1.2345679e-07, 1e+10]"),
    ],
)
def test_a_bracket_is_rounded_outwards(lower: float, upper: float, said: str) -> None:
    assert interval(lower, upper) == said
    down, up = (float(end) for end in said.strip("[]").split(", "))
    assert down <= lower
    assert upper <= up
