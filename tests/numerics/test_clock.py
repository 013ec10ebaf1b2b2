import math

import pytest

from relaxgap.numerics.clock import NEVER, Deadline


def test_what_never_comes_leaves_infinite_time() -> None:
    assert not NEVER.has_passed
    assert NEVER.remaining_seconds == math.inf
    assert Deadline.after(None) == NEVER


def test_a_deadline_without_seconds_leaves_none() -> None:
    assert Deadline.after(0.0).remaining_seconds == 0.0
    assert Deadline(-math.inf).has_passed


@pytest.mark.parametrize("seconds", [0.0, 1.0, 1e9])
def test_a_part_of_the_work_ends_no_later_than_the_whole(seconds: float) -> None:
    whole = Deadline.after(seconds)
    for part in (whole.within(0.3), whole.capped(0.5), whole.capped(1e12)):
        assert part.end <= whole.end or part.remaining_seconds == 0.0


def test_a_capped_deadline_comes_though_the_whole_never_does() -> None:
    assert NEVER.capped(5.0).remaining_seconds <= 5.0
    assert NEVER.within(0.5) == NEVER
