import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from instances import random_program

from relaxgap.certificates.prices.pricing import block_prices
from relaxgap.global_optimum.local_pricing import ascend
from relaxgap.numerics.clock import NEVER, Deadline, OutOfTimeError, checkpoint, in_force
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems import relu_program

PROGRAM = random_program(relu_program, 6, 3, seed=0)
DATA = PROGRAM.data


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


def test_a_checkpoint_ends_work_under_a_deadline_that_has_passed_and_no_other() -> None:
    checkpoint()
    with in_force(Deadline(-math.inf)):
        with pytest.raises(OutOfTimeError):
            checkpoint()
        # a later deadline inside does not put it off
        with in_force(NEVER), pytest.raises(OutOfTimeError):
            checkpoint()
    with in_force(NEVER):
        checkpoint()
    checkpoint()


def test_the_deadline_in_force_is_that_of_the_thread() -> None:
    with in_force(Deadline(-math.inf)), ThreadPoolExecutor(1) as other:
        other.submit(checkpoint).result()


LONG = {
    "enumerate": lambda: enumerate_patterns(DATA.X),
    "price": lambda: block_prices(PROGRAM, DATA.y, 0.0),
    "ascend": lambda: ascend(DATA.X, DATA.y, np.eye(3)),
}


@pytest.mark.parametrize("work", LONG)
def test_a_long_piece_of_work_ends_at_the_deadline_in_force(work: str) -> None:
    LONG[work]()
    with in_force(Deadline(-math.inf)), pytest.raises(OutOfTimeError):
        LONG[work]()
