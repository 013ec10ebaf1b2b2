from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from relaxgap.certificates import beta_max
from relaxgap.data import GaussianData
from relaxgap.experiments.experiment import Experiment
from relaxgap.experiments.parts import optimality_gap, preservation
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import SamplingAndEnumeration
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan, TrainingPlan
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.patterns import enumerate_patterns
from relaxgap.training import TrainingSpec

GAP = Cell(
    GaussianData(n=5, d=2),
    optimality_gap.Settings(
        patterns=SamplingAndEnumeration(("2", "4", "64")),
        networks=NetworkSettings(("n", "2 n"), n_starts=2),
        training=TrainingPlan("P", {"adam": TrainingSpec("adam", n_steps=30)}),
    ),
)
PRESERVATION = preservation.Settings(
    regularisation=Regularisation(0.1, None),
    networks=NetworkSettings(("8",), n_starts=2),
    training=ScaledTrainingPlan("P", {"gd": TrainingSpec("gd", n_steps=20, n_logged=5)}),
)


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=list(EXPERIMENTS))
def test_every_drawer_has_settings_a_record_a_cell_function_and_a_figure(
    experiment: Experiment,
) -> None:
    assert experiment.drawer == f"relaxgap.experiments.{experiment.name}"
    assert experiment.shows
    assert experiment.claims
    assert experiment.results_version >= 1
    assert experiment.settings.__dataclass_params__.frozen
    assert experiment.settings() == experiment.settings()
    assert experiment.columns
    assert callable(experiment.run)
    assert all(map(callable, experiment.figure.FIGURES.values()))
    assert callable(experiment.figure.table)


def test_values_are_ordered_as_the_theory_says_within_the_gaps() -> None:
    records = optimality_gap.run(GAP)
    exact, relaxations, trained = records[0], records[1:4], records[4:]
    assert exact.method == "exact"
    assert exact.dual_value is not None
    assert 0.0 <= exact.primal_value - exact.dual_value <= 1e-6 * exact.primal_value
    for record in [*relaxations, *trained]:
        assert record.primal_value >= exact.dual_value
        assert record.beta == exact.beta
    # the samples are nested: more patterns never raise a value beyond the gaps
    for fewer, more in pairwise(relaxations):
        assert more.dual_value is not None
        assert more.dual_value <= fewer.primal_value
    counts = [record.n_patterns for record in relaxations]
    assert exact.n_patterns == 10
    assert counts == sorted(counts, key=int)  # type: ignore[arg-type]
    assert all(count is not None and count <= 10 for count in counts)
    assert [(r.width, r.start) for r in trained] == [(5, 0), (5, 1), (10, 0), (10, 1)]
    assert {r.dual_value for r in trained} == {None}


def test_a_fraction_is_one_of_the_enumerated_beta_max_where_enumeration_is_free() -> None:
    data = GaussianData(n=10, d=5).load(np.random.default_rng(0))
    enumerated = beta_max(data, enumerate_patterns(data.X))
    # local ascent from any start stays below it
    assert Regularisation(None, 0.25).resolve_over_all(data) == 0.25 * enumerated


def test_a_cell_gives_the_same_numbers_again() -> None:
    first, second = optimality_gap.run(GAP), optimality_gap.run(GAP)
    untimed = [replace(r, solve_seconds=0.0) for r in first]
    assert untimed == [replace(r, solve_seconds=0.0) for r in second]


def test_preservation_starts_at_one_and_never_falls_below_the_certified_fraction() -> None:
    records = preservation.run(Cell(GAP.data, PRESERVATION))
    assert {(r.step, r.start) for r in records} >= {(0, 0), (0, 1), (20, 0), (20, 1)}
    for record in records:
        if record.step == 0:
            assert record.bits_kept == record.neurons_kept == record.patterns_kept == 1.0
            assert record.max_movement == 0.0
        assert 0.0 <= record.certified_bits_kept <= record.bits_kept <= 1.0
        assert 0.0 <= record.certified_neurons_kept <= record.neurons_kept <= 1.0
        assert record.bits_kept >= record.neurons_kept


@pytest.mark.parametrize(("protocol", "beta"), [("P", 0.1), ("L", 0.0)])
def test_weight_decay_belongs_to_protocol_p_alone(protocol: str, beta: float) -> None:
    method = TrainingSpec("gd", n_steps=5, n_logged=3, train_output=protocol == "P")
    settings = replace(PRESERVATION, training=ScaledTrainingPlan(protocol, {"gd": method}))
    records = preservation.run(Cell(GAP.data, settings))
    assert {record.beta for record in records} == {beta}
    assert {record.protocol for record in records} == {protocol}
