"""The timed process of PyTorch, run by a Python that has it: ``python FILE``.

The loop that a user of PyTorch writes: autograd for the data term, ``torch.optim`` with weight
decay for the step, all in float64 and on all samples. It trains one network at a time.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relaxgap.experiments.timing.lifetime import end_with
    from relaxgap.experiments.timing.stopwatch import Training, read_problem, serve
    from relaxgap.experiments.timing.task import ABSENT
else:
    # that Python knows the folder of this file, not relaxgap
    from lifetime import end_with
    from stopwatch import Training, read_problem, serve
    from task import ABSENT

try:
    import torch  # type: ignore[import-not-found, unused-ignore]
except ImportError as error:
    sys.stderr.write(f"PyTorch cannot be imported: {error}\n")
    sys.exit(ABSENT)


def main() -> int:
    """Train what the input asks for and return the exit status."""
    end_with(os.getppid())
    serve(f"torch {torch.__version__}", read)
    return 0


def read(folder: Path) -> tuple[int, Training]:
    """Return the number of steps of a folder and its training."""
    problem, settings = read_problem(folder)
    X, y = torch.from_numpy(problem["X"]), torch.from_numpy(problem["y"])
    beta, spec, rates = settings["beta"], settings["spec"], problem["rates"].tolist()

    def data_term(hidden: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        return 0.5 * ((torch.relu(X @ hidden.T) @ output - y) ** 2).sum()

    def trained(n_runs: int, n_steps: int) -> Callable[[], float]:
        if n_runs != 1:
            raise ValueError(f"Expected one run at a time, got {n_runs}.")
        hidden = torch.tensor(problem["hidden"][0], requires_grad=True)
        output = torch.tensor(problem["output"][0], requires_grad=True)
        weights = [hidden, output]
        optimiser = (
            torch.optim.Adam(weights, rates[0], weight_decay=beta)
            if spec["method"] == "adam"
            else torch.optim.SGD(weights, rates[0], momentum=spec["momentum"], weight_decay=beta)
        )
        for rate in rates[:n_steps]:
            optimiser.param_groups[0]["lr"] = rate
            optimiser.zero_grad()
            data_term(hidden, output).backward()
            optimiser.step()

        def loss() -> float:
            with torch.no_grad():
                penalty = (hidden**2).sum() + (output**2).sum()
                return float(data_term(hidden, output) + 0.5 * beta * penalty)

        return loss

    return spec["n_steps"], trained


if __name__ == "__main__":
    sys.exit(main())
