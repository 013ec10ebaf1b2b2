"""The cell is that of `preservation`: what is kept at each logged step."""

from relaxgap.experiments.parts.preservation import Record, Settings, run

__all__ = ["Record", "Settings", "run"]
