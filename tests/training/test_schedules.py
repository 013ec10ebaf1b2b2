"""How the step falls: exact values and shapes of every schedule."""

import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from small_runs import gaussian_data, generator, starts

from relaxgap.training import TrainingSpec, step_size, train, training_gradient
from relaxgap.training.schedules import DECAY_HOLD, DECAY_TO, Schedule, step_factor

ALL = get_args(Schedule)


@pytest.mark.parametrize(
    ("schedule", "middle", "end"),
    [
        ("constant", 1.0, 1.0),
        ("inverse_sqrt", 1 / math.sqrt(501), 1 / math.sqrt(1001)),
        ("cosine", 0.5, 0.0),
        # 3/8 of the fall from 1 to 1e-5 lie behind the middle
        ("decay", 10.0**-1.875, 1e-5),
    ],
)
def test_a_schedule_starts_at_one_and_has_its_value_in_the_middle_and_at_the_end(
    schedule: Schedule, middle: float, end: float
) -> None:
    assert step_factor(schedule, 0, 1000) == 1.0
    assert step_factor(schedule, 500, 1000) == pytest.approx(middle, rel=1e-12)
    assert step_factor(schedule, 1000, 1000) == pytest.approx(end, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("schedule", ALL)
@pytest.mark.parametrize("n_steps", [1, 2, 7, 1000])
def test_no_schedule_ever_rises_or_reaches_zero_before_the_end(
    schedule: Schedule, n_steps: int
) -> None:
    factors = [step_factor(schedule, step, n_steps) for step in range(n_steps)]
    assert factors[0] == 1.0
    assert all(later <= earlier for earlier, later in pairwise(factors))
    assert factors[-1] > 0.0


def test_decay_holds_and_then_falls_by_equal_ratios() -> None:
    n_steps = 50
    held = round(DECAY_HOLD * n_steps)
    factors = np.array([step_factor("decay", step, n_steps) for step in range(n_steps + 1)])
    assert np.all(factors[: held + 1] == 1.0)
    ratios = factors[held + 1 :] / factors[held:-1]
    np.testing.assert_allclose(ratios, DECAY_TO ** (1 / (n_steps - held)), rtol=1e-12)


def test_inverse_sqrt_does_not_depend_on_the_number_of_steps() -> None:
    assert [step_factor("inverse_sqrt", step, 3) for step in (0, 3)] == [1.0, 0.5]
    assert step_factor("inverse_sqrt", 3, 3000) == 0.5


@pytest.mark.parametrize("schedule", ALL)
def test_descent_takes_the_steps_of_its_schedule(schedule: Schedule) -> None:
    data, beta = gaussian_data(), 0.2
    spec = TrainingSpec(method="gd", n_steps=5, learning_rate=0.4, schedule=schedule)
    network = initial = starts([spec])
    for step in range(5):
        gradient = training_gradient(data, network, beta)
        rate = step_size(spec, data, 6) * step_factor(schedule, step, 5)
        network = type(network)(
            network.hidden - rate * gradient.hidden, network.output - rate * gradient.output
        )
    final = train(data, beta, spec, initial, generator()).final
    np.testing.assert_allclose(final.hidden, network.hidden, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(final.output, network.output, rtol=0.0, atol=1e-14)
