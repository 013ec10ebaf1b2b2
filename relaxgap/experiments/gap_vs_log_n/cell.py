"""The cell is that of `optimality_gap`: all patterns, relaxations and trained networks."""

from relaxgap.experiments.parts.optimality_gap import Record, Settings, run

__all__ = ["Record", "Settings", "run"]
