from pathlib import Path

import pandas as pd
import pytest

from relaxgap.errors import ConfigurationError, DataError
from relaxgap.experiments.informed_gates.figure import pairs, table, with_ratios
from relaxgap.experiments.informed_gates.samplers import SampledGates

REFERENCE = Path(__file__).resolve().parents[1] / "references" / "informed_gates.csv"


@pytest.fixture
def summary() -> pd.DataFrame:
    return pd.read_csv(REFERENCE)


def test_ratios_are_over_the_best_network_and_the_certified_bound(summary: pd.DataFrame) -> None:
    frame = with_ratios(summary)
    assert (frame["ratio"] >= 1.0).all()
    assert (frame["ratio"] <= frame["over_bound"]).all()
    assert (frame["reach"] <= 1.0).all()
    assert set(frame["times_log_n"]) == {1.0, 4.0}


def test_samplers_are_compared_sample_by_sample(summary: pd.DataFrame) -> None:
    both = pairs(with_ratios(summary), "gaussian", "informed:1")
    enough = summary[(summary["method"] == "gaussian") & (summary["size_rule"] == "4 log n")]
    assert len(both) == len(enough)
    assert table(summary, summary)["ratio"].notna().all()


def test_a_network_below_the_bound_is_refused(summary: pd.DataFrame) -> None:
    summary.loc[summary["method"] == "global", "dual_value"] *= 2.0
    with pytest.raises(DataError, match="below the certified bound"):
        with_ratios(summary)


def test_relaxations_without_a_bracket_are_refused(summary: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="method global"):
        with_ratios(summary[summary["method"] != "global"])


@pytest.mark.parametrize("sampler", ["gaussian:3", "uniform", "informed:0", "informed:"])
def test_an_unknown_sampler_is_refused(sampler: str) -> None:
    with pytest.raises(ConfigurationError, match="Expected a sampler"):
        SampledGates(samplers=(sampler,))


@pytest.mark.parametrize("named", [{"samplers": ()}, {"n_gates": ()}])
def test_no_sampler_and_no_number_are_refused(named: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ConfigurationError, match="at least one of each"):
        SampledGates(**named)
