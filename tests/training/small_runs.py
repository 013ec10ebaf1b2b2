"""Small instances to train on, and the comparison of runs trained together and apart."""

from collections.abc import Sequence

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.training import NetworkBatch, TrainingSpec, Trajectory, initial_networks, train
from relaxgap.training.network_batch import joined

N, D, M = 8, 3, 6


def gaussian_data(seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset(rng.standard_normal((N, D)), rng.standard_normal(N))


def generator() -> np.random.Generator:
    return np.random.default_rng(7)


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
