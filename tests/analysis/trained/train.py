"""Train the networks of this folder with PyTorch: ``python train.py``."""

from pathlib import Path

import numpy as np
import torch

FOLDER, WEIGHT_DECAY, STEPS = Path(__file__).parent, 0.02, 60_000


def train(criterion, X, target, rate):
    network = torch.nn.Sequential(torch.nn.Linear(2, 12), torch.nn.ReLU(), torch.nn.Linear(12, 1))
    optimiser = torch.optim.SGD(network.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    for _ in range(STEPS):
        optimiser.zero_grad()
        criterion(network(X), target).backward()
        optimiser.step()
    squares = sum((p**2).sum() for p in network.parameters())
    return network, float(criterion(network(X), target) + 0.5 * WEIGHT_DECAY * squares)


def main():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((16, 2)) + np.array([1.0, 0.0])
    y = np.abs(X[:, 0]) + X[:, 1] + 0.2 * rng.standard_normal(16)
    labels = (y > np.median(y)).astype(float)
    rows = torch.tensor(X)
    squares, mean_squares = train(torch.nn.MSELoss(), rows, torch.tensor(y)[:, None], 0.02)
    classes, log_loss = train(
        torch.nn.BCEWithLogitsLoss(), rows, torch.tensor(labels)[:, None], 0.05
    )
    torch.save(squares.state_dict(), FOLDER / "mean_squares.pt")
    torch.save(classes.state_dict(), FOLDER / "log_loss.pt")
    outputs = squares(rows).detach().numpy()[:, 0]
    np.savez(
        FOLDER / "data.npz",
        X=X,
        y=y,
        labels=labels,
        mean_squares=mean_squares,
        log_loss=log_loss,
        outputs=outputs,
    )


if __name__ == "__main__":
    main()
