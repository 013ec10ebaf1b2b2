"""Moments at which a bracket is written down are numbers, in order."""

import math

import pytest

from relaxgap.errors import ConfigurationError
from relaxgap.experiments.table_brackets.cell import Settings


@pytest.mark.parametrize(
    "moments", [(), (0.0,), (-1.0, 2.0), (4.0, 1.0), (2.0, 2.0), (math.nan,), (1.0, math.inf)]
)
def test_moments_that_never_come_are_refused(moments: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="increasing moments"):
        Settings(moments=moments)
