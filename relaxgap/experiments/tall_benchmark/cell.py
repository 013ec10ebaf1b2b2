"""The cell is that of `solver_comparison`: every solver on one instance, side by side."""

from relaxgap.experiments.parts.solver_comparison import Record, Settings, run

__all__ = ["Record", "Settings", "run"]
