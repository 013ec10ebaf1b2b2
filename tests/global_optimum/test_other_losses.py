"""Bounds over all patterns of logistic and hinge: of the price they hold, joint ones refuse."""

import numpy as np
import pytest
from instances import relu_program

from relaxgap.certificates import beta_max
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.bounds import BOUNDS, schedule
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.patterns import enumerate_patterns
from relaxgap.problems.losses import HINGE, LOGISTIC, Loss
from relaxgap.solvers import SemismoothNewton

BOTH = pytest.mark.parametrize("loss", [LOGISTIC, HINGE], ids=["logistic", "hinge"])
OF_PRICES = [bound.name for bound in BOUNDS if not bound.squared_only]


@BOTH
@pytest.mark.parametrize("seed", [1])
def test_every_bound_of_the_price_brackets_the_enumerated_optimum(loss: Loss, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = Dataset(rng.standard_normal((5, 2)), rng.choice([-1.0, 1.0], 5))
    patterns = enumerate_patterns(data.X)
    beta = 0.3 * beta_max(data, patterns, relu_program, loss)
    exact = SemismoothNewton(1e-7).solve(relu_program(data, patterns, beta, loss=loss)).certificate
    for name in OF_PRICES:
        solver = GlobalSolver(1e-2, certificate=name, n_gates=5, loss=loss)
        last = 0.0
        for found in solver.brackets(data, beta):
            bracket = found.certificate
            assert last <= bracket.dual_value <= exact.primal_value
            assert exact.dual_value <= bracket.primal_value
            last = bracket.dual_value
        assert last > 0.0
        if name == "enumeration":
            assert bracket.relative_gap <= 1e-2


@BOTH
def test_lifted_relaxations_are_of_the_squared_loss_and_say_so(loss: Loss) -> None:
    assert OF_PRICES == ["closed_form", "maxcut", "enumeration", "sphere", "pair"]
    for bound in BOUNDS:
        if bound.squared_only:
            with pytest.raises(ConfigurationError, match=f"for the {loss.name} loss, got"):
                GlobalSolver(certificate=bound.name, loss=loss)


@BOTH
def test_the_automatic_choice_leaves_them_out(loss: Loss) -> None:
    rng = np.random.default_rng(0)
    for n, d in ((6, 2), (18, 9), (60, 30)):
        chosen = schedule("auto", Dataset(rng.standard_normal((n, d)), np.ones(n)), loss)
        bounds = (*chosen.first, *chosen.before_search, *chosen.after_search)
        assert len(bounds) == 1
        assert bounds[0].name in OF_PRICES
