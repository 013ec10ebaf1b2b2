"""Gradients and whole trajectories against PyTorch's autograd and its optimisers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_runs import gaussian_data, generator, starts

from relaxgap.data.dataset import Dataset
from relaxgap.training import NetworkBatch, TrainingSpec, step_size, train, training_gradient
from relaxgap.training.schedules import step_factor

torch = pytest.importorskip("torch", reason="needs the extra torch")

GD = TrainingSpec(method="gd", n_steps=200, learning_rate=0.5, schedule="constant")
SPECS = {
    "gd": GD,
    "gd, cosine": replace(GD, schedule="cosine"),
    "heavy ball": replace(GD, momentum=0.9, learning_rate=0.05),
    "heavy ball, decay": replace(GD, momentum=0.7, learning_rate=0.2, schedule="decay"),
    "adam": replace(GD, method="adam", learning_rate=0.01),
    "adam, inverse_sqrt": replace(GD, method="adam", learning_rate=0.02, schedule="inverse_sqrt"),
    "first layer": replace(GD, train_output=False, learning_rate=0.2, momentum=0.5),
    "first layer, adam": replace(GD, train_output=False, method="adam", learning_rate=0.01),
}


def parameters(networks: NetworkBatch, train_output: bool = True) -> tuple[Any, Any]:
    hidden = torch.tensor(networks.hidden[0], requires_grad=True)
    output = torch.tensor(networks.output[0], requires_grad=train_output)
    return hidden, output


def data_term(data: Dataset, hidden: Any, output: Any) -> Any:
    X, y = torch.from_numpy(data.X), torch.from_numpy(data.y)
    return 0.5 * ((torch.relu(X @ hidden.T) @ output - y) ** 2).sum()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("beta", [0.0, 0.7])
def test_the_gradient_is_that_of_autograd(seed: int, beta: float) -> None:
    data, networks = gaussian_data(seed), starts([GD])
    hidden, output = parameters(networks)
    decay = 0.5 * beta * ((hidden**2).sum() + (output**2).sum())
    (data_term(data, hidden, output) + decay).backward()
    gradient = training_gradient(data, networks, beta)
    np.testing.assert_allclose(gradient.hidden[0], hidden.grad.numpy(), rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(gradient.output[0], output.grad.numpy(), rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("beta", [0.0, 0.2])
@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_trajectory_is_that_of_the_optimiser_of_pytorch(spec: TrainingSpec, beta: float) -> None:
    data, initial = gaussian_data(), starts([spec])
    hidden, output = parameters(initial, spec.train_output)
    trained = [hidden, output] if spec.train_output else [hidden]
    rate = step_size(spec, data, initial.n_neurons)
    optimiser = (
        torch.optim.Adam(trained, rate, weight_decay=beta)
        if spec.method == "adam"
        else torch.optim.SGD(trained, rate, momentum=spec.momentum, weight_decay=beta)
    )
    for step in range(spec.n_steps):
        optimiser.param_groups[0]["lr"] = rate * step_factor(spec.schedule, step, spec.n_steps)
        optimiser.zero_grad()
        data_term(data, hidden, output).backward()
        optimiser.step()
    final = train(data, beta, spec, initial, generator()).final
    assert np.max(np.abs(final.hidden - initial.hidden)) > 0.01
    np.testing.assert_allclose(final.hidden[0], hidden.detach().numpy(), rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(final.output[0], output.detach().numpy(), rtol=0.0, atol=1e-10)
