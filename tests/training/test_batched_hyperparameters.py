"""Runs of one batch may differ in step, momentum, scale and beta, and do not feel each other."""

from dataclasses import replace

import numpy as np
import pytest
from small_runs import D, M, N, assert_same_runs, gaussian_data, generator, starts, trained_apart

from relaxgap.numerics.backend import NUMPY
from relaxgap.problems.losses import SQUARED
from relaxgap.training import TrainingSpec, TrainingStatus, train, training_losses
from relaxgap.training.running import RunningBatch

DESCENT = TrainingSpec(method="gd", n_steps=40, learning_rate=0.5)
FIRST_LAYER = replace(DESCENT, train_output=False, learning_rate=0.2)
BASES = {
    "gd": DESCENT,
    "sgd": replace(DESCENT, method="sgd", batch_size=3),
    "adam": replace(DESCENT, method="adam", learning_rate=0.02),
    "gd, first layer": FIRST_LAYER,
    "sgd, first layer": replace(FIRST_LAYER, method="sgd", batch_size=4),
    "adam, first layer": replace(FIRST_LAYER, method="adam", learning_rate=0.02),
}
BETAS = np.array([0.0, 0.3, 0.05, 1.0, 0.1])
named_bases = pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))


def varied(base: TrainingSpec) -> list[TrainingSpec]:
    """Five runs that differ in everything that may differ; adam has no momentum."""
    momenta = [0.0, 0.9, 0.5, 0.0, 0.3]
    return [
        replace(
            base,
            learning_rate=base.learning_rate * rate,
            momentum=0.0 if base.method == "adam" else momentum,
            init_scale=scale,
        )
        for rate, momentum, scale in zip(
            [1.0, 0.1, 0.5, 0.7, 0.3], momenta, [1.0, 2.0, 0.1, 0.5, 3.0], strict=True
        )
    ]


@pytest.fixture(params=[1, 2, 5])
def runs_per_group(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    # full batches; mini-batches hold fewer pre-activations and come in larger groups
    entries = request.param * M * (N + D)
    monkeypatch.setattr("relaxgap.training.running.GROUP_ENTRIES", entries)
    return int(request.param)


@named_bases
def test_runs_of_different_hyperparameters_end_where_they_end_alone(
    base: TrainingSpec, runs_per_group: int
) -> None:
    data, specs = gaussian_data(), varied(base)
    initial = starts(specs)
    together = train(data, BETAS, specs, initial, generator())
    assert_same_runs(together, trained_apart(data, BETAS.tolist(), specs, initial), 1e-12)
    assert np.min(np.std(together.losses[1:], axis=1)) > 0.0


@named_bases
def test_runs_that_reach_their_target_early_do_not_disturb_the_others(
    base: TrainingSpec, runs_per_group: int
) -> None:
    data = gaussian_data()
    specs = [replace(s, stop_loss_fraction=0.7, n_steps=120) for s in varied(base)]
    initial = starts(specs)
    together = train(data, BETAS, specs, initial, generator())
    assert len(set(together.n_steps_done.tolist())) >= 3
    assert_same_runs(together, trained_apart(data, BETAS.tolist(), specs, initial), 1e-10)


@pytest.mark.parametrize("runs_per_group", [2], indirect=True)
@pytest.mark.parametrize(("method", "rate"), [("gd", 0.5), ("sgd", 0.5), ("adam", 0.06)])
def test_runs_that_become_stationary_early_do_not_disturb_the_others(
    method: str, rate: float, runs_per_group: int
) -> None:
    data = gaussian_data(seed=2)
    specs = [
        replace(spec, stop_residual=0.3, n_steps=150, n_logged=40, schedule="constant")
        for spec in varied(replace(BASES[method], learning_rate=rate))
    ]
    betas = np.maximum(BETAS, 0.5)
    initial = starts(specs)
    together = train(data, betas, specs, initial, generator())
    assert len(set(together.n_steps_done.tolist())) >= 3
    assert TrainingStatus.STATIONARY in together.status
    assert_same_runs(together, trained_apart(data, betas.tolist(), specs, initial), 1e-10)


def test_a_run_that_diverges_leaves_runs_of_other_steps_alone(runs_per_group: int) -> None:
    data, specs = gaussian_data(), varied(DESCENT)
    specs[2] = replace(specs[2], learning_rate=1e3)
    initial = starts(specs)
    together = train(data, BETAS, specs, initial, generator())
    assert together.status[2] is TrainingStatus.DIVERGED
    assert_same_runs(together, trained_apart(data, BETAS.tolist(), specs, initial), 1e-12)


def test_groups_are_as_large_as_their_entries_allow(runs_per_group: int) -> None:
    data, specs = gaussian_data(), varied(DESCENT)
    arguments = (data, BETAS, tuple(specs), starts(specs))
    sizes = [group.n_runs for group in RunningBatch(*arguments, NUMPY, SQUARED).groups]
    assert sum(sizes) == len(specs)
    assert max(sizes) == runs_per_group


def test_one_spec_and_one_beta_stand_for_all_runs() -> None:
    data = gaussian_data()
    initial = starts([DESCENT] * 3)
    one = train(data, 0.1, DESCENT, initial, generator())
    each = train(data, np.full(3, 0.1), [DESCENT] * 3, initial, generator())
    np.testing.assert_array_equal(one.losses, each.losses)
    np.testing.assert_array_equal(one.final.hidden, each.final.hidden)


def test_every_run_is_measured_by_its_own_beta() -> None:
    data, specs = gaussian_data(), varied(DESCENT)
    initial = starts(specs)
    result = train(data, BETAS, specs, initial, generator())
    for run, beta in enumerate(BETAS.tolist()):
        np.testing.assert_allclose(
            result.final_losses[run], training_losses(data, result.final, beta)[run], rtol=1e-12
        )


@pytest.mark.parametrize(
    "change",
    [
        {"n_steps": 41},
        {"schedule": "constant"},
        {"method": "adam"},
        {"method": "sgd", "batch_size": 2},
        {"train_output": False},
        {"stop_loss_fraction": 0.5},
        {"stop_residual": 0.5},
        {"n_logged": 7},
    ],
)
def test_specs_that_differ_in_what_a_batch_shares_are_refused(change: dict[str, object]) -> None:
    specs = [DESCENT, replace(DESCENT, **change)]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="train them apart"):
        train(gaussian_data(), 0.1, specs, starts(specs), generator())


def test_as_many_specs_and_betas_as_runs_are_expected() -> None:
    data, initial = gaussian_data(), starts([DESCENT] * 3)
    with pytest.raises(ValueError, match="Expected 3 specs, one for each run, got 2"):
        train(data, 0.1, [DESCENT] * 2, initial, generator())
    with pytest.raises(ValueError, match=r"Expected one beta or 3, .* got 2"):
        train(data, np.array([0.1, 0.2]), DESCENT, initial, generator())


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_one_bad_beta_is_enough_to_refuse_a_batch(bad: float) -> None:
    betas = np.array([0.1, bad, 0.1])
    with pytest.raises(ValueError, match="Expected a finite beta >= 0"):
        train(gaussian_data(), betas, DESCENT, starts([DESCENT] * 3), generator())
