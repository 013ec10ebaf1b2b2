"""Small instances to train on, and the comparison of runs trained together and apart."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.training import NetworkBatch, TrainingSpec, Trajectory, initial_networks, train
from relaxgap.training.network_batch import joined

N, D, M = 8, 3, 6
BETA = 0.1
BOTH_LAYERS = TrainingSpec(method="gd", n_steps=40, learning_rate=0.5, schedule="constant")
FIRST_LAYER = replace(BOTH_LAYERS, train_output=False, learning_rate=0.2)
METHODS = [
    BOTH_LAYERS,
    FIRST_LAYER,
    replace(BOTH_LAYERS, method="sgd", batch_size=3),
    replace(BOTH_LAYERS, method="adam", learning_rate=0.01),
    replace(FIRST_LAYER, method="adam", learning_rate=0.01, batch_size=4),
]


def gaussian_data(seed: int = 0, n: int = N, d: int = D) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(rng.standard_normal((n, d)), rng.standard_normal(n))


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


def draw(
    spec: TrainingSpec, data: Dataset, n_neurons: int = M, seeds: range = range(3)
) -> NetworkBatch:
    """Draw networks of one spec, each from the generator of its seed."""
    return initial_networks(spec, n_neurons, data.d, [np.random.default_rng(s) for s in seeds])


def only(networks: NetworkBatch, run: int) -> NetworkBatch:
    """View the network of one run."""
    return networks.of_runs(slice(run, run + 1))


def starts(specs: Sequence[TrainingSpec]) -> NetworkBatch:
    """Draw one network for each spec, from its own generator and at its own scale."""
    return joined(
        [
            initial_networks(spec, M, D, [np.random.default_rng(seed)])
            for seed, spec in enumerate(specs)
        ]
    )


def trained_apart(
    data: Dataset, betas: Sequence[float], specs: Sequence[TrainingSpec], initial: NetworkBatch
) -> list[Trajectory]:
    return [
        train(data, beta, spec, initial.of_runs(slice(run, run + 1)), generator())
        for run, (beta, spec) in enumerate(zip(betas, specs, strict=True))
    ]


def assert_same_runs(together: Trajectory, apart: Sequence[Trajectory], rtol: float) -> None:
    """Compare a batch with its runs trained alone; weights relative to the largest of a run."""
    for run, alone in enumerate(apart):
        assert together.status[run] == alone.status[0]
        assert together.n_steps_done[run] == alone.n_steps_done[0]
        np.testing.assert_allclose(together.losses[:, run], alone.losses[:, 0], rtol=rtol)
        np.testing.assert_allclose(together.best_losses[run], alone.best_losses[0], rtol=rtol)
        for ours, other in ((together.final, alone.final), (together.best, alone.best)):
            for mine, its in (
                (ours.hidden[run], other.hidden[0]),
                (ours.output[run], other.output[0]),
            ):
                np.testing.assert_allclose(mine, its, rtol=0.0, atol=rtol * np.max(np.abs(its)))
