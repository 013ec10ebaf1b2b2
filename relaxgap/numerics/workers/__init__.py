"""Processes that keep what they are given and work on it, for as long as their owner lives."""

from relaxgap.numerics.workers.channel import SILENCE_SECONDS, WorkerLostError
from relaxgap.numerics.workers.process import ONE_THREAD, WorkerProcess
from relaxgap.numerics.workers.sources import ALONE, Worker, Workers, workers_of

__all__ = [
    "ALONE",
    "ONE_THREAD",
    "SILENCE_SECONDS",
    "Worker",
    "WorkerLostError",
    "WorkerProcess",
    "Workers",
    "workers_of",
]
