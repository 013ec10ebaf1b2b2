"""Gradient methods and what they do to activation patterns."""

from relaxgap.training.data_gradient import training_gradient
from relaxgap.training.gradient_methods import train
from relaxgap.training.network_batch import NetworkBatch, batch_fit, joined, training_losses
from relaxgap.training.preservation import (
    Preservation,
    measure_preservation,
    patterns_kept,
)
from relaxgap.training.specification import TrainingSpec, initial_networks, logged_steps, step_size
from relaxgap.training.trajectory import TrainingStatus, Trajectory

__all__ = [
    "NetworkBatch",
    "Preservation",
    "TrainingSpec",
    "TrainingStatus",
    "Trajectory",
    "batch_fit",
    "initial_networks",
    "joined",
    "logged_steps",
    "measure_preservation",
    "patterns_kept",
    "step_size",
    "train",
    "training_gradient",
    "training_losses",
]
