"""Save parallel three-layer sub-networks with PyTorch: ``python subnetworks.py``."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

FOLDER, STEPS = Path(__file__).parent, 400
D, M, K = 2, 3, 4


class Parallel(nn.Module):
    """One Sequential a sub-network."""

    def __init__(self):
        super().__init__()
        self.subnetworks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(D, M, bias=False),
                nn.ReLU(),
                nn.Linear(M, 1, bias=False),
                nn.ReLU(),
                nn.Linear(1, 1, bias=False),
            )
            for _ in range(K)
        )

    def forward(self, x):
        return sum(part(x) for part in self.subnetworks)[:, 0]


class Stacked(nn.Module):
    """One tensor a layer, inputs first."""

    def __init__(self, parallel):
        super().__init__()
        layers = [[part[at].weight.detach() for part in parallel.subnetworks] for at in (0, 2, 4)]
        self.first = nn.Parameter(torch.stack(layers[0]).transpose(1, 2).contiguous())
        self.second = nn.Parameter(torch.cat(layers[1]))
        self.third = nn.Parameter(torch.cat(layers[2])[:, 0])

    def forward(self, x):
        active = torch.relu(torch.einsum("nd,kdm->nkm", x, self.first))
        return torch.relu(torch.einsum("nkm,km->nk", active, self.second)) @ self.third


def main():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, D)), rng.standard_normal(6)
    rows, target = (torch.tensor(array, dtype=torch.float32) for array in (X, y))
    parallel = Parallel()
    optimiser = torch.optim.Adam(parallel.parameters(), lr=0.02)
    for _ in range(STEPS):
        optimiser.zero_grad()
        (0.5 * ((parallel(rows) - target) ** 2).sum()).backward()
        optimiser.step()
    stacked = Stacked(parallel)
    assert torch.allclose(stacked(rows), parallel(rows), atol=1e-5)
    state = {"model": parallel.state_dict(), "optimizer": optimiser.state_dict(), "epoch": STEPS}
    torch.save(state, FOLDER / "subnetworks_parallel.pt")
    torch.save(stacked.state_dict(), FOLDER / "subnetworks_stacked.pt")
    outputs = parallel.double()(torch.tensor(X)).detach().numpy()
    np.savez(FOLDER / "subnetworks.npz", X=X, y=y, outputs=outputs)


if __name__ == "__main__":
    main()
