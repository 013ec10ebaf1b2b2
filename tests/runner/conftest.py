"""Configs of shipped experiments, as Hydra composes them."""

from collections.abc import Callable
from typing import Any

import pytest
from composed import compose_plain


@pytest.fixture
def base() -> Callable[[str], dict[str, Any]]:
    """Return the composed config of an experiment, not yet checked."""
    return lambda experiment: compose_plain([], experiment)
