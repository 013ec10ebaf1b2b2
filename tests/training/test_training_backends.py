"""The same runs on every backend present."""

from dataclasses import replace

import numpy as np
import pytest
from devices import TORCH_DEVICES
from small_runs import assert_same_runs, gaussian_data, generator, starts

from relaxgap.numerics.backend import Backend
from relaxgap.training import NetworkBatch, TrainingSpec, TrainingStatus, train, training_losses

DOUBLE = [("torch", device, "float64") for device in TORCH_DEVICES]
SINGLE = [
    ("numpy", "cpu", "float32"),
    *(("torch", device, "float32") for device in TORCH_DEVICES),
]
GD = TrainingSpec(method="gd", n_steps=40, learning_rate=0.5)
FIRST_LAYER = replace(GD, train_output=False, learning_rate=0.2)
SPECS = {
    "gd": [GD, replace(GD, learning_rate=0.1, init_scale=2.0)],
    "heavy ball": [replace(GD, momentum=0.9, learning_rate=0.1), replace(GD, momentum=0.5)],
    "sgd": [replace(GD, method="sgd", batch_size=3, schedule="inverse_sqrt")] * 2,
    "adam": [replace(GD, method="adam", learning_rate=0.02, schedule="decay")] * 2,
    "first layer": [FIRST_LAYER, replace(FIRST_LAYER, momentum=0.3)],
    "first layer, adam": [replace(FIRST_LAYER, method="adam", batch_size=4)] * 2,
    "target": [replace(GD, stop_loss_fraction=0.9), replace(GD, stop_loss_fraction=0.9)],
}
BETAS = np.array([0.1, 0.4])
Settings = tuple[str, str, str]
named_specs = pytest.mark.parametrize("specs", SPECS.values(), ids=list(SPECS))


@named_specs
@pytest.mark.parametrize("chosen", DOUBLE, ids="-".join)
def test_a_double_backend_takes_the_steps_of_numpy(
    chosen: Settings, specs: list[TrainingSpec]
) -> None:
    data, initial = gaussian_data(), starts(specs)
    backend = Backend(*chosen)  # type: ignore[arg-type]
    here = train(data, BETAS, specs, initial, generator(), record_preservation=True)
    there = train(
        data, BETAS, specs, initial, generator(), record_preservation=True, backend=backend
    )
    np.testing.assert_allclose(there.losses, here.losses, rtol=1e-10)
    np.testing.assert_allclose(there.final.hidden, here.final.hidden, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(there.final.output, here.final.output, rtol=0.0, atol=1e-10)
    assert there.n_steps_done.tolist() == here.n_steps_done.tolist()
    assert there.status == here.status
    assert [k.bits_kept for row in there.preservation for k in row] == [
        k.bits_kept for row in here.preservation for k in row
    ]


@named_specs
@pytest.mark.parametrize("chosen", SINGLE, ids="-".join)
def test_a_single_backend_records_double_losses_of_its_networks(
    chosen: Settings, specs: list[TrainingSpec]
) -> None:
    data, initial = gaussian_data(), starts(specs)
    backend = Backend(*chosen)  # type: ignore[arg-type]
    here = train(data, BETAS, specs, initial, generator())
    there = train(data, BETAS, specs, initial, generator(), backend=backend)
    assert there.final.hidden.dtype == there.losses.dtype == np.float64
    np.testing.assert_allclose(
        there.final_losses, training_losses(data, there.final, BETAS), rtol=1e-12
    )
    np.testing.assert_allclose(there.losses, here.losses, rtol=1e-4)
    assert not np.array_equal(there.final.hidden, here.final.hidden)


@pytest.mark.parametrize("chosen", [*DOUBLE, *SINGLE])
@pytest.mark.parametrize("entries", [1, 1 << 20])
def test_a_run_that_ends_is_dropped_on_every_backend(
    chosen: Settings, entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relaxgap.training.running.GROUP_ENTRIES", entries)
    data = gaussian_data()
    specs = [replace(GD, n_steps=200, momentum=mu, stop_residual=0.3) for mu in (0.9, 0.0, 0.5)]
    specs[0] = replace(specs[0], learning_rate=1e3)
    betas = np.array([0.5, 0.5, 0.5])
    initial, backend = starts(specs), Backend(*chosen)  # type: ignore[arg-type]
    together = train(data, betas, specs, initial, generator(), backend=backend)
    assert together.status[0] is TrainingStatus.DIVERGED
    assert together.status.count(TrainingStatus.STATIONARY) >= 1
    apart = [
        train(data, 0.5, spec, initial.of_runs(slice(run, run + 1)), generator(), backend=backend)
        for run, spec in enumerate(specs)
    ]
    assert_same_runs(together, apart, 1e-10 if chosen[2] == "float64" else 1e-3)


@pytest.mark.parametrize("chosen", [*DOUBLE, *SINGLE])
def test_no_backend_writes_to_its_starting_point(chosen: Settings) -> None:
    data, initial = gaussian_data(), starts([GD])
    before = NetworkBatch(initial.hidden.copy(), initial.output.copy())
    train(data, 0.1, GD, initial, generator(), backend=Backend(*chosen))  # type: ignore[arg-type]
    np.testing.assert_array_equal(initial.hidden, before.hidden)
    np.testing.assert_array_equal(initial.output, before.output)
