"""What a method makes of a gradient."""

from dataclasses import replace

import jaxtyping
import numpy as np
import pytest
from small_runs import M, gaussian_data, generator, starts

from relaxgap.data.dataset import Dataset
from relaxgap.numerics.backend import NUMPY
from relaxgap.training import NetworkBatch, TrainingSpec, train
from relaxgap.training.updates import Adam, HeavyBall
from relaxgap.training.weights import Weights

SPEC = TrainingSpec(method="gd", n_steps=3, learning_rate=1.0, schedule="constant", momentum=0.5)
ONE_POINT = Dataset(np.array([[1.0]]), np.array([2.0]))


def one_neuron(hidden: float, output: float) -> NetworkBatch:
    return NetworkBatch(np.array([[[hidden]]]), np.array([[output]]))


def test_three_steps_of_the_heavy_ball_agree_with_the_steps_by_hand() -> None:
    # |X| = 1 and |y| = 2, so the step is 1/2; with w = a the layers move alike:
    # g = a (w a - 2) + w, v <- v/2 + g, w <- w - v/2
    # w: 1 -> v = 0 -> 1; a start off the diagonal below
    w, a, v, u = 1.5, 0.5, 0.0, 0.0
    for _ in range(3):
        residual = w * a - 2.0
        v, u = 0.5 * v + residual * a + w, 0.5 * u + residual * w + a
        w, a = w - 0.5 * v, a - 0.5 * u
    final = train(ONE_POINT, 1.0, SPEC, one_neuron(1.5, 0.5), generator()).final
    assert final.hidden[0, 0, 0] == pytest.approx(w, rel=1e-14)
    assert final.output[0, 0] == pytest.approx(a, rel=1e-14)


def test_the_first_two_steps_of_the_heavy_ball_are_these_fractions() -> None:
    # beta = 0, w = a = 1, y = 2: v = -1, w = 3/2; v = -1/2 + 3/2 * 1/4 = -1/8, w = 25/16
    start = one_neuron(1.0, 1.0)
    for n_steps, weight in ((1, 1.5), (2, 25 / 16)):
        final = train(ONE_POINT, 0.0, replace(SPEC, n_steps=n_steps), start, generator()).final
        assert final.hidden[0, 0, 0] == weight
        assert final.output[0, 0] == weight


def test_the_heavy_ball_without_momentum_steps_against_the_gradient() -> None:
    arrays = NUMPY.arrays()
    weights = Weights.of(starts([SPEC] * 3), arrays)
    method = HeavyBall(weights, np.zeros((3, 1)), arrays, train_output=True)
    for _ in range(3):
        direction = method.direct(weights)
        np.testing.assert_array_equal(direction.flat, weights.flat)


@pytest.mark.parametrize("train_output", [True, False])
def test_the_velocity_is_the_geometric_sum_of_the_gradients(train_output: bool) -> None:
    arrays = NUMPY.arrays()
    like = Weights.of(starts([SPEC] * 2), arrays)
    momenta = np.array([[0.5], [0.25]])
    method = HeavyBall(like, momenta, arrays, train_output)
    gradients = [Weights.of(starts([SPEC] * 2), arrays) for _ in range(4)]
    for age, gradient in enumerate(gradients):
        gradient.flat[...] = np.random.default_rng(age).standard_normal(gradient.flat.size)
    total = sum(
        momenta[:, :, None] ** age * gradient.hidden
        for age, gradient in enumerate(reversed(gradients))
    )
    for gradient in gradients:
        direction = method.direct(gradient)
    np.testing.assert_allclose(direction.hidden, total, rtol=0.0, atol=1e-14)


def test_dropping_runs_keeps_the_memory_of_the_others() -> None:
    arrays = NUMPY.arrays()
    kept = np.array([True, False, True])
    for make in (
        lambda w, momenta: HeavyBall(w, momenta, arrays, train_output=True),
        lambda w, momenta: Adam(w, arrays),
    ):
        all_runs = Weights.of(starts([SPEC] * 3), arrays)
        momenta = np.array([[0.1], [0.5], [0.9]])
        some, few = make(all_runs, momenta), make(all_runs.of_runs(kept, arrays), momenta[kept])
        for _ in range(2):
            some.direct(all_runs.of_runs(np.ones(3, dtype=bool), arrays))
            few.direct(all_runs.of_runs(kept, arrays))
        some.keep(kept)
        after = [m.direct(all_runs.of_runs(kept, arrays)).flat for m in (some, few)]
        np.testing.assert_array_equal(*after)


def test_momentum_is_as_much_faster_on_a_quadratic_as_polyak_says() -> None:
    # All pre-activations stay positive, so the first layer sees 1/2 |X w - y|^2 with curvatures
    # 1 and 1/100. Descent shrinks the error by 1 - 1/100 a step, the heavy ball with Polyak's
    # step and momentum by 1 - 2/11.
    data = Dataset(np.diag([1.0, 0.1]), np.array([1.0, 0.1]))
    start = NetworkBatch(np.array([[[1.1, 1.1]]]), np.ones((1, 1)))
    plain = TrainingSpec(
        method="gd", n_steps=150, learning_rate=1.0, schedule="constant", train_output=False
    )
    heavy = replace(plain, learning_rate=(2.0 / 1.1) ** 2, momentum=(0.9 / 1.1) ** 2)
    slow, fast = (
        train(data, 0.0, spec, start, generator()).final_losses[0] for spec in (plain, heavy)
    )
    assert slow == pytest.approx(0.5 * (0.1 * 0.1 * 0.99**150) ** 2, rel=1e-9)
    assert fast < 1e-6 * slow


def test_adam_moves_every_weight_by_the_learning_rate_first() -> None:
    # m / (1 - 0.9) = g and v / (1 - 0.999) = g^2, so the direction is the sign
    spec = TrainingSpec(method="adam", n_steps=1, learning_rate=0.01)
    data, initial = gaussian_data(), starts([spec] * 2)
    final = train(data, 0.1, spec, initial, generator()).final
    np.testing.assert_allclose(np.abs(final.hidden - initial.hidden), 0.01, rtol=1e-4)
    np.testing.assert_allclose(np.abs(final.output - initial.output), 0.01, rtol=1e-4)
    assert initial.n_neurons == M


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"momentum": 1.0}, r"Expected momentum in \[0, 1\), .* got 1.0 for gd; try 0.9"),
        ({"momentum": -0.1}, r"Expected momentum in \[0, 1\), .* got -0.1"),
        ({"momentum": float("nan")}, r"Expected momentum in \[0, 1\), .* got nan"),
        ({"method": "adam"}, r"0 for adam, which has its own, got 0.5 for adam"),
        ({"stop_residual": 0.0}, r"Expected stop_residual in \(0, 1\), got 0.0; use None"),
        ({"stop_residual": 1.0}, r"Expected stop_residual in \(0, 1\), got 1.0; use None"),
        ({"stop_loss_fraction": 0.0}, r"Expected stop_loss_fraction in \(0, 1\), got 0.0"),
        ({"schedule": "linear"}, r"Expected schedule in .*'decay'.*, got 'linear'; choose one"),
        ({"method": "lbfgs"}, r"Expected method in .*'adam'.*, got 'lbfgs'; choose one"),
        ({"n_steps": 0}, "Expected n_steps >= 1, got 0; raise it"),
        ({"batch_size": -1}, "Expected batch_size >= 0, got -1; raise it"),
        ({"batch_size": 2}, "Expected batch_size = 0 for method 'gd', got 2; use method 'sgd'"),
        ({"n_logged": 1}, "Expected n_logged >= 2, got 1; raise it"),
        ({"learning_rate": 0.0}, "Expected a finite learning_rate > 0, got 0.0; make it positive"),
        ({"learning_rate": float("inf")}, "Expected a finite learning_rate > 0, got inf"),
        ({"init_scale": -1.0}, "Expected a finite init_scale > 0, got -1.0"),
        (
            {"stop_residual": 0.1, "train_output": False},
            "Expected stop_residual = None for training the first layer only, got 0.1",
        ),
    ],
)
def test_a_setting_out_of_range_is_refused_with_what_to_do(
    change: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        replace(SPEC, **change)  # type: ignore[arg-type]
