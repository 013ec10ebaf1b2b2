"""Processes that keep what they are given and work on it, for as long as their owner lives."""

from relaxgap.numerics.workers.channel import SILENCE_SECONDS, WorkerLostError
from relaxgap.numerics.workers.process import ONE_THREAD, WorkerProcess

__all__ = ["ONE_THREAD", "SILENCE_SECONDS", "WorkerLostError", "WorkerProcess"]
