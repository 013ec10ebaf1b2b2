import math
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

import numpy as np
import pytest

from relaxgap.data import GaussianData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.assumption_a2 import cell as assumption_a2
from relaxgap.experiments.descent_path import cell as descent_path
from relaxgap.experiments.parts import preservation
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.optimum import OptimumSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.size_rules import size_of
from relaxgap.experiments.parts.solver_choice import SolverSettings
from relaxgap.experiments.parts.trained_runs import trained_batches
from relaxgap.experiments.parts.training_plan import ScaledTrainingPlan
from relaxgap.experiments.stationary_points import cell as stationary_points
from relaxgap.experiments.subsampled_program import cell as subsampled_program
from relaxgap.experiments.success_vs_width import cell as success_vs_width
from relaxgap.training import TrainingSpec, train

S = TypeVar("S")
GD = TrainingSpec("gd", n_steps=150, learning_rate=0.5, schedule="decay", n_logged=4)
DATA = GaussianData(n=6, d=3, labels="noise")
PARTS: dict[str, Any] = {
    "regularisation": Regularisation(0.1, None),
    "patterns": GateSampling(("8 log n",)),
    "solver": SolverSettings(rtol=1e-8),
    "networks": NetworkSettings(("4", "12"), n_starts=2),
    "training": ScaledTrainingPlan("P", {"gd": GD}),
    "optimum": OptimumSettings(rtol=1e-6),
}


def cell(settings: type[S], **changes: object) -> Cell[S]:
    """Return a cell of an experiment, which takes of the parts what it has."""
    names = [field.name for field in fields(settings)]  # type: ignore[arg-type]
    return Cell(DATA, settings(**{name: {**PARTS, **changes}[name] for name in names}))


def test_a_cell_trains_every_scale_with_every_step_from_every_start() -> None:
    plan = ScaledTrainingPlan("P", {"gd": GD}, init_scales=(0.5, 1.0), step_factors=(0.1, 1.0, 2.0))
    scaled = cell(preservation.Settings, training=plan)
    data = scaled.load_data()
    batches = list(trained_batches(scaled, data, 0.1))
    assert [batch.labels[0].width for batch in batches] == [4, 12]
    for batch in batches:
        assert len(set(batch.labels)) == batch.initial.n_runs == 2 * 3 * 2
    batch = batches[0]
    place = {(lb.init_scale, lb.step_factor, lb.start): k for k, lb in enumerate(batch.labels)}
    for start in (0, 1):
        half, whole = (batch.initial.hidden[place[scale, 1.0, start]] for scale in (0.5, 1.0))
        np.testing.assert_allclose(2.0 * half, whole, rtol=1e-14)
    run = place[1.0, 0.1, 1]
    alone = train(
        data,
        0.1,
        replace(GD, learning_rate=0.1 * GD.learning_rate),
        batch.initial.of_runs(slice(run, run + 1)),
        np.random.default_rng(0),
    )
    np.testing.assert_allclose(batch.trajectory.final_losses[run], alone.final_losses[0], rtol=1e-9)


def test_a_width_in_units_of_the_critical_one_needs_it() -> None:
    assert size_of("1.5 m_pruned", 10, pruned_width=3) == 5
    with pytest.raises(ConfigurationError, match="only success_vs_width knows"):
        size_of("2 m_pruned", 10)


@pytest.mark.parametrize("factors", [(), (0.0,), (1.0, math.inf)])
def test_factors_that_are_not_positive_are_refused(factors: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match=r"positive, finite training\.init_scales"):
        ScaledTrainingPlan("P", {"gd": GD}, init_scales=factors)


def test_the_last_rows_are_those_of_the_last_logged_step() -> None:
    of_both = cell(preservation.Settings)
    everything, ends = preservation.run(of_both), assumption_a2.run(of_both)
    last = [asdict(record) for record in everything if record.step == GD.n_steps]
    assert len(ends) == 4
    for end, record in zip(ends, last, strict=True):
        assert {**asdict(end), **record} == asdict(end)
        assert 0.0 < end.residual < 1.0


def test_stationary_points_lie_above_the_certified_optimum_and_what_they_prune_to() -> None:
    records = stationary_points.run(cell(stationary_points.Settings))
    assert [(r.width, r.start) for r in records] == [(4, 0), (4, 1), (12, 0), (12, 1)]
    for record in records:
        assert record.optimum_bound <= record.optimum <= record.loss
        assert record.optimum - record.optimum_bound <= 1e-6 * record.optimum
        assert record.optimum_bound <= record.relaxation
        assert record.optimum_bound <= record.minimal_loss <= record.loss * (1.0 + 1e-9)
        assert record.minimal_width <= 6
        assert record.n_cells <= record.n_live == record.width - record.n_dead
        assert record.neurons_kept <= record.bits_kept


def test_the_signed_program_lies_between_the_both_sign_one_and_the_network() -> None:
    records = subsampled_program.run(cell(subsampled_program.Settings))
    assert len(records) == 2 * 4
    for record in records:
        gap = 1e-7 * record.loss
        assert record.signed_bound <= record.signed
        assert record.both_signs_bound <= record.signed
        assert record.optimum_bound <= record.both_signs
        # a network that is not quite on its kinks is not quite a point of the program
        assert record.signed_bound <= record.loss * (1.0 + 1e-2) + gap
        assert record.n_blocks <= record.width


def test_the_loss_falls_along_every_path_at_a_constant_fit() -> None:
    records = descent_path.run(cell(descent_path.Settings))
    assert {record.origin for record in records} == {"initial", "trained"}
    for origin in ("initial", "trained"):
        for width in (4, 12):
            for start in (0, 1):
                path = [
                    r for r in records if (r.origin, r.width, r.start) == (origin, width, start)
                ]
                losses = np.array([record.loss for record in path])
                assert np.all(np.diff(losses) <= 1e-12 * losses[0])
                assert losses[-1] >= path[0].optimum_bound
                assert max(record.fit_change for record in path) < 1e-10
                assert path[-1].n_neurons <= 6


def test_widths_of_a_landscape_are_multiples_of_the_critical_one() -> None:
    networks = NetworkSettings(("m_pruned", "4 m_pruned"), n_starts=3)
    records = success_vs_width.run(cell(success_vs_width.Settings, networks=networks))
    (critical,) = {record.pruned_width for record in records}
    assert 1 <= critical <= 6
    assert [record.width for record in records] == [critical] * 3 + [4 * critical] * 3
    for record in records:
        assert record.optimum_bound <= record.best_loss <= record.loss * (1.0 + 1e-12)
