from dataclasses import replace
from itertools import pairwise

import pytest

from relaxgap.data import GaussianData
from relaxgap.experiments.catalogue import EXPERIMENTS
from relaxgap.experiments.parts.optimality_gap import optimality_gap
from relaxgap.experiments.parts.settings import (
    NetworkSettings,
    PatternSampling,
    Regularisation,
    SolverSettings,
    TrainingPlan,
)
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.experiments.pattern_preservation.cell import pattern_preservation
from relaxgap.training import TrainingSpec

GAP = CellSpec(
    experiment="gap_vs_log_n",
    data=GaussianData(n=5, d=2),
    regularisation=Regularisation(),
    patterns=PatternSampling(("2", "4", "64")),
    solver=SolverSettings(),
    networks=NetworkSettings(("n", "2 n"), n_starts=2),
    training=TrainingPlan("P", {"adam": TrainingSpec("adam", n_steps=30)}),
    seed=0,
)
PRESERVATION = replace(
    GAP,
    experiment="pattern_preservation",
    regularisation=Regularisation(0.1, None),
    networks=NetworkSettings(("8",), n_starts=2),
    training=TrainingPlan("P", {"gd": TrainingSpec("gd", n_steps=20, n_logged=5)}),
)


def test_every_record_type_belongs_to_what_its_experiment_returns() -> None:
    for experiment in EXPERIMENTS.values():
        assert experiment.shows
        assert experiment.results_version >= 1


def test_values_are_ordered_as_the_theory_says_within_the_gaps() -> None:
    records = optimality_gap(GAP)
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


def test_a_cell_gives_the_same_numbers_again() -> None:
    first, second = optimality_gap(GAP), optimality_gap(GAP)
    untimed = [replace(r, solve_seconds=0.0) for r in first]
    assert untimed == [replace(r, solve_seconds=0.0) for r in second]


def test_preservation_starts_at_one_and_never_falls_below_the_certified_fraction() -> None:
    records = pattern_preservation(PRESERVATION)
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
    records = pattern_preservation(
        replace(PRESERVATION, training=TrainingPlan(protocol, {"gd": method}))
    )
    assert {record.beta for record in records} == {beta}
    assert {record.protocol for record in records} == {protocol}
