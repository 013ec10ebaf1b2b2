"""What scikit-learn asks of every estimator."""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from relaxgap.estimators import (
    ConvexReLUClassifier,
    ConvexReLURegressor,
    ConvexReLURegressorCV,
    GatedReLUClassifier,
    GatedReLURegressor,
)

# few gates and a wide bracket: the checks are of the conventions, on some fifty data sets
QUICK: dict[str, Any] = {"n_gates": 3, "rtol": 1e-1}
ESTIMATORS = [
    ConvexReLURegressor(beta_fraction=0.1, **QUICK),
    GatedReLURegressor(beta_fraction=0.3, **QUICK),
    ConvexReLUClassifier(beta_fraction=0.3, **QUICK),
    GatedReLUClassifier(beta_fraction=0.3, **QUICK),
    ConvexReLURegressorCV(points=2, smallest_fraction=0.1, cv=2, program="gated", **QUICK),
]


SLOW = {"check_classifiers_train", "check_regressor_data_not_an_array"}


def named_checks() -> list[Any]:
    """Return all checks of `check_estimator`, with names that no address is part of."""
    found = []
    for estimator in ESTIMATORS:
        for instance, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            marks = [pytest.mark.slow] if name in SLOW else []
            label = f"{type(estimator).__name__}-{name}"
            found.append(pytest.param(instance, check, id=label, marks=marks))
    return found


@pytest.mark.parametrize(("estimator", "check"), named_checks())
def test_every_convention_of_scikit_learn_is_met(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)
