import random
from pathlib import Path

import pytest
from soak import Soak

pytestmark = pytest.mark.slow


def test_runs_that_are_killed_at_random_end_with_the_summary_of_one_that_nothing_disturbed(
    tmp_path: Path,
) -> None:
    if not Path("/proc").is_dir():
        pytest.skip("finds workers through /proc")
    soak = Soak(random.Random(0))
    soak.until(4, tmp_path)
    assert soak.kills.total() == 4
