import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relaxgap.data import DataSource, DigitsData, FileData, GaussianData, MnistData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.optimality_gap import Settings
from relaxgap.experiments.parts.regularisation import ProgramRegularisation, Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.patterns import enumerate_patterns
from relaxgap.training import TrainingSpec


def cell(n_starts: int = 2, **changes: Any) -> Cell[Settings]:
    settings = Settings(networks=NetworkSettings(n_starts=n_starts))
    return Cell(**({"data": GaussianData(n=5, d=2), "settings": settings} | changes))


@given(st.integers(1, 10**6), st.integers(1, 1000))
def test_a_size_rule_is_evaluated_and_rounded_up(n: int, factor: int) -> None:
    assert size_of(str(factor), n) == factor
    assert size_of("n", n) == n
    assert size_of(f"{factor} n", n) == size_of(f"{factor}*n", n) == factor * n
    assert size_of(f"{factor} log n", n) == max(1, math.ceil(factor * math.log(n)))


def test_a_size_is_at_least_one() -> None:
    assert size_of("0.1 n", 3) == 1
    assert size_of("log n", 1) == 1


def test_the_gates_of_theorem_1_follow_samples_and_features() -> None:
    asked = 160.0 * (math.sqrt(2.0) + 1.0) ** 2 * math.log(20 / 0.1)
    assert size_of("theorem_1", 20, d=10) == math.ceil(asked) == 4941
    assert size_of("0.5 theorem_1", 20, d=10) == math.ceil(0.5 * asked)
    assert size_of("theorem_1", 20, d=20) < size_of("theorem_1", 20, d=5)


def test_a_number_of_gates_is_no_width() -> None:
    with pytest.raises(ConfigurationError, match="got 'theorem_1', which is a number of gates"):
        NetworkSettings(width=("n", "theorem_1"))


@pytest.mark.parametrize("rule", ["", " ", "m", "n n", "-1", "2 log", "1e3", "n log n", "0 n"])
def test_another_rule_is_refused(rule: str) -> None:
    with pytest.raises(ConfigurationError, match="Expected a"):
        size_of(rule, 5)


def test_the_seed_splits_into_streams_that_differ() -> None:
    data, patterns, training = cell().streams()
    draws = [rng.standard_normal() for rng in (data, patterns, np.random.default_rng(training))]
    assert len(set(draws)) == 3


def test_a_data_seed_keeps_the_instance_while_the_seed_changes_the_rest() -> None:
    first, second = cell(seed=1, data_seed=0), cell(seed=2, data_seed=0)
    np.testing.assert_array_equal(first.load_data().X, second.load_data().X)
    np.testing.assert_array_equal(first.load_data().y, cell(seed=0).load_data().y)
    assert first.streams()[1].standard_normal() != second.streams()[1].standard_normal()


def test_the_starts_are_nested_and_shared_by_methods() -> None:
    gd, adam = TrainingSpec("gd"), TrainingSpec("adam")
    two, _ = starting_networks(cell(), gd, width=3, d=2)
    four, _ = starting_networks(cell(n_starts=4), adam, width=3, d=2)
    np.testing.assert_array_equal(two.hidden, four.hidden[:2])
    np.testing.assert_array_equal(two.output, four.output[:2])


def test_a_fraction_of_beta_is_one_of_beta_max_over_the_patterns() -> None:
    data = cell().load_data()
    patterns = enumerate_patterns(data.X)
    whole = ProgramRegularisation(beta_fraction=1.0).resolve(data, patterns)
    assert ProgramRegularisation(beta_fraction=0.25).resolve(data, patterns) == 0.25 * whole
    assert ProgramRegularisation(beta=0.3, beta_fraction=None).resolve(data, patterns) == 0.3


def test_an_experiment_without_all_patterns_needs_an_absolute_beta() -> None:
    with pytest.raises(ConfigurationError, match=r"regularisation\.beta=0\.1"):
        Regularisation().absolute()
    assert Regularisation(0.2, None).absolute() == 0.2


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (GaussianData(labels="signs"), "gaussian, signs labels"),
        (DigitsData(class_a=3, class_b=5), "digits 3 against 5"),
        (MnistData(class_a=3, class_b=5), "mnist 3 against 5"),
        (FileData("/some/where/mine.csv"), "mine.csv"),
    ],
)
def test_the_data_label_names_the_source(source: DataSource, label: str) -> None:
    assert source.label == label


def test_only_sources_on_disk_have_a_fingerprint_and_it_follows_the_content(tmp_path: Path) -> None:
    assert GaussianData().fingerprint() == DigitsData().fingerprint() == []
    path = tmp_path / "mine.csv"
    source, digests = FileData(str(path)), []
    for text in (None, "a,y\n1,2\n", "a,y\n1,3\n"):
        if text:
            path.write_text(text)
        digests.append(tuple(source.fingerprint()))
    assert digests[0] == ("",)
    assert len(set(digests)) == 3
