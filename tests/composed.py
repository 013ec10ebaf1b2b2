"""Configs of our experiments, composed without running anything."""

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.compose import composition
from relaxgap.runner.config import register_schemas


def compose_plain(overrides: Sequence[str], experiment: str = "gap_vs_log_n") -> dict[str, Any]:
    """Return the composed config of one of our experiments, not yet checked."""
    return copy.deepcopy(_composed((f"experiment={experiment}", *overrides), experiment))


def with_overrides(config: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Change settings of a config in place: ``data__n=4`` is ``data.n``."""
    for path, value in settings.items():
        *parents, last = path.split("__")
        node = config
        for parent in parents:
            node = node[parent]
        node[last] = value
    return config


@cache
def _composed(overrides: tuple[str, ...], experiment: str) -> dict[str, Any]:
    register_schemas([EXPERIMENTS[experiment]])
    return composition(overrides).config
