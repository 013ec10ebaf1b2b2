"""Configs of our experiments, composed without running anything."""

from collections.abc import Sequence
from typing import Any

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.compose import composition
from relaxgap.runner.config import register_schemas


def compose_plain(overrides: Sequence[str], experiment: str = "gap_vs_log_n") -> dict[str, Any]:
    """Return the composed config of one of our experiments, not yet checked."""
    register_schemas([EXPERIMENTS[experiment]])
    return composition([f"experiment={experiment}", *overrides]).config
