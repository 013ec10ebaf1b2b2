"""Classification: the logistic, the hinge or the squared loss."""

import numpy as np

from relaxgap.analysis.pattern_choice import PatternChoice
from relaxgap.estimators.classifying import Classifying


class ConvexReLUClassifier(Classifying):
    r"""Fit two-layer ReLU networks to classes by convex optimisation, with a proof of each.

    The loss of two classes, -1 and +1, is :math:`\sum_i \log(1 + e^{-y_i f(x_i)})` or
    :math:`\sum_i (1 - y_i f(x_i))_+`, plus ``beta`` / 2 times the sum of the squares of all weights
    but the output bias: a sum over samples, so that ``beta_fraction`` is the one to choose. More
    than two classes take one network each, of the class against the rest.

    Parameters
    ----------
    loss : str
        ``logistic``; ``hinge``, which has no probabilities and is slow for the relu program; or
        ``squared``, one network of all classes that is fitted to a column of zeros and ones for
        each, for which the program relu takes data of few columns (up to about 6 with 100 gates).
    max_seconds, optimum_seconds : float, optional
        As for `ConvexReLURegressor`; of more than two classes each has its share of the first,
        and the second whole.
    beta, beta_fraction, n_gates, patterns, program, fit_intercept, penalise, standardize, rtol, \
random_state
        As for `ConvexReLURegressor`.

    Attributes
    ----------
    classes_ : (k,) array
        The labels, in order; of two the second is +1.
    network_, certificate_, optimum_, n_active_, beta_
        As of `ConvexReLURegressor`; of more than two classes, lists with one a class, but for the
        squared loss.
    n_features_in_, feature_names_in_
        As of `ConvexReLURegressor`.

    References
    ----------
    Pilanci and Ergen (2020), Theorem 1, arXiv:2002.10553, for the convex program.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from relaxgap.estimators import ConvexReLUClassifier
    >>> X, y = make_moons(40, noise=0.1, random_state=0)
    >>> model = ConvexReLUClassifier(n_gates=5, rtol=1e-2, random_state=0).fit(X, y)
    >>> model.certificate_.relative_gap <= 1e-2, model.predict_proba(X).shape
    (True, (40, 2))
    """

    def __init__(
        self,
        *,
        loss: str = "logistic",
        beta: float | None = None,
        beta_fraction: float = 0.01,
        n_gates: int = 100,
        patterns: PatternChoice | None = None,
        program: str = "relu",
        fit_intercept: bool = True,
        penalise: str | None = None,
        standardize: bool = True,
        rtol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        max_seconds: float | None = None,
        optimum_seconds: float | None = None,
    ) -> None:
        self.loss = loss
        self.beta = beta
        self.beta_fraction = beta_fraction
        self.n_gates = n_gates
        self.patterns = patterns
        self.program = program
        self.fit_intercept = fit_intercept
        self.penalise = penalise
        self.standardize = standardize
        self.rtol = rtol
        self.random_state = random_state
        self.max_seconds = max_seconds
        self.optimum_seconds = optimum_seconds


class GatedReLUClassifier(Classifying):
    r"""Fit gated ReLU networks to classes: group lassos over the patterns of the gates.

    The loss is that of `ConvexReLUClassifier`, plus :math:`\beta \sum_i \|w_i\|`.

    Parameters
    ----------
    loss, beta, beta_fraction, n_gates, patterns, fit_intercept, standardize, rtol, random_state, \
max_seconds
        As for `ConvexReLUClassifier`.
    penalise : str, optional
        As for `GatedReLURegressor`.

    Attributes
    ----------
    classes_, network_, certificate_, n_active_, beta_, n_features_in_, feature_names_in_
        As of `ConvexReLUClassifier`.
    optimum_ : None or list of None
        As of `GatedReLURegressor`.

    References
    ----------
    Mishkin, Sahiner and Pilanci (2022), Section 3, arXiv:2202.01331, for gated networks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from relaxgap.estimators import GatedReLUClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = GatedReLUClassifier(beta_fraction=0.1, n_gates=5, rtol=1e-2, random_state=0)
    >>> [found.relative_gap <= 1e-2 for found in model.fit(X, y).certificate_]
    [True, True, True]
    >>> bool(model.score(X, y) > 0.9)
    True
    """

    program = "gated"

    def __init__(
        self,
        *,
        loss: str = "logistic",
        beta: float | None = None,
        beta_fraction: float = 0.01,
        n_gates: int = 100,
        patterns: PatternChoice | None = None,
        fit_intercept: bool = True,
        penalise: str | None = None,
        standardize: bool = True,
        rtol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.loss = loss
        self.beta = beta
        self.beta_fraction = beta_fraction
        self.n_gates = n_gates
        self.patterns = patterns
        self.fit_intercept = fit_intercept
        self.penalise = penalise
        self.standardize = standardize
        self.rtol = rtol
        self.random_state = random_state
        self.max_seconds = max_seconds
