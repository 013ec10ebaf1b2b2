"""Regression: the squared loss of numbers."""

from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from relaxgap.analysis.certified_network import NetworkReport
from relaxgap.analysis.pattern_choice import PatternChoice
from relaxgap.analysis.vector_certifying import VectorReport
from relaxgap.estimators.base import ReLUEstimator
from relaxgap.estimators.certificate import Certificate
from relaxgap.networks import FittedNetwork
from relaxgap.problems.losses import SQUARED


class Regressing(RegressorMixin, ReLUEstimator):
    """Predict with one network."""

    network_: FittedNetwork
    certificate_: Certificate
    optimum_: NetworkReport | VectorReport | None
    n_active_: int
    beta_: float

    def predict(self, X: Any) -> Float64[np.ndarray, "n ..."]:
        """Return the output of the network for each row.

        Parameters
        ----------
        X : (n, d) array
            Rows in the units of the fit.

        Returns
        -------
        (n,) or (n, q) float64
            In the units of the labels of the fit.
        """
        rows = self._rows(X)
        return self.network_.predict(rows)


class RegressingOnce(Regressing):
    """Solve at one strength."""

    beta: float | None
    beta_fraction: float

    def fit(self, X: Any, y: Any) -> "RegressingOnce":
        """Find a network of least training loss, with the bracket that proves how good it is.

        Parameters
        ----------
        X : (n, d) array
            One sample per row, finite; a data frame's names of columns are kept.
        y : (n,) or (n, q) array
            Numbers; several targets are fitted together, by one network of q outputs, for which the
            program relu takes data of few columns (up to about 6 with 100 gates).

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If the data cannot be used, or a parameter is out of range.
        """
        shape = np.asarray(y).shape
        several = len(shape) == 2 and shape[1] > 1
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, multi_output=several)
        seed = self._seed()
        result = self._solved(
            X, y, SQUARED.name, seed, self.max_seconds, self.beta, self.beta_fraction
        )
        self.network_ = result.fitted
        self.certificate_ = Certificate.of(result, result.complete)
        self.n_active_, self.beta_ = result.active_blocks, result.beta
        self.optimum_ = self._optimum(self.network_, X, y, seed)
        return self


class ConvexReLURegressor(RegressingOnce):
    r"""Fit a two-layer ReLU network by convex optimisation, with a proof of how good it is.

    The loss is :math:`\tfrac12 \|f(X) - y\|^2` plus ``beta`` / 2 times the sum of the squares of
    all weights but the output bias: a sum over samples, not a mean. So ``beta`` means another
    strength for another number of rows, as in each fold of a cross-validation; ``beta_fraction``
    does not.

    Parameters
    ----------
    beta : float, optional
        Strength of weight decay, in place of ``beta_fraction``.
    beta_fraction : float
        The same as a fraction of the least beta at which all weights are zero: the one to choose.
        Where that is zero, as of constant labels, it is beta itself.
    n_gates : int
        Gaussian gates that are drawn for the patterns.
    patterns : str, int or PatternSet, optional
        In place of ``n_gates``: ``all``, ``gaussian:N`` or a file of gates, as for
        `relaxgap.solve`.
    program : str
        ``relu``, or ``gated`` for its relaxation without cones, whose networks are gated.
    fit_intercept : bool
        Give hidden neurons biases, weights on a column of ones, and the output a free one.
    penalise : str, optional
        Which biases cost what instead: ``weights``, none, as of ``MLPRegressor``; ``all`` as
        weights do.
    standardize : bool
        Bring every column to mean 0 and variance 1 first; the network takes raw rows.
    rtol : float
        Relative gap to reach.
    random_state : int, RandomState or None
        Of the gates; an integer is the ``seed`` of `relaxgap.solve`.
    max_seconds : float, optional
        Time limit of the fit; what is found by then is kept, with a warning.
    optimum_seconds : float, optional
        Time to bracket the optimum over networks of every width after the fit (`relaxgap.certify`),
        for the relu program only.

    Attributes
    ----------
    network_ : FittedNetwork
        Takes raw rows; ``network_.save`` writes it.
    certificate_ : Certificate
        The bracket of the optimum of the program, over the patterns that were drawn.
    optimum_ : NetworkReport, VectorReport or None
        The bracket over networks of every width; None unless ``optimum_seconds`` is given.
    n_active_ : int
        Width of the network.
    beta_ : float
        Strength of weight decay.
    n_features_in_ : int
        Columns.
    feature_names_in_ : (d,) array of str
        Their names, where they have any.

    References
    ----------
    Pilanci and Ergen (2020), Theorem 1, arXiv:2002.10553, for the convex program.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from relaxgap.estimators import ConvexReLURegressor
    >>> X, y = make_friedman1(40, random_state=0)
    >>> model = ConvexReLURegressor(n_gates=10, random_state=0).fit(X, y)
    >>> model.certificate_.dual_value <= model.certificate_.primal_value
    True
    >>> model.certificate_.relative_gap <= 1e-4, model.certificate_.complete
    (True, False)
    >>> model.predict(X[:2]).shape
    (2,)
    """

    def __init__(
        self,
        *,
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


class GatedReLURegressor(RegressingOnce):
    r"""Fit a gated ReLU network: a group lasso over the patterns of the gates.

    The loss is :math:`\tfrac12 \|\sum_i D_i X w_i - y\|^2 + \beta \sum_i \|w_i\|`, a sum over
    samples; much faster to solve than the program of ReLU networks, whose relaxation it is.

    Parameters
    ----------
    beta, beta_fraction, n_gates, patterns, fit_intercept, standardize, rtol, random_state, \
max_seconds
        As for `ConvexReLURegressor`.
    penalise : str, optional
        ``all`` biases as weights; without cones no bias of a gate's weights can be free.

    Attributes
    ----------
    network_, certificate_, n_active_, beta_, n_features_in_, feature_names_in_
        As of `ConvexReLURegressor`.
    optimum_ : None
        ReLU networks of every width have no network of this kind to be measured.

    References
    ----------
    Mishkin, Sahiner and Pilanci (2022), Section 3, arXiv:2202.01331, for gated networks.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from relaxgap.estimators import GatedReLURegressor
    >>> X, y = make_friedman1(200, random_state=0)
    >>> model = GatedReLURegressor(beta_fraction=0.03, random_state=0).fit(X, y)
    >>> bool(model.score(*make_friedman1(200, random_state=1)) > 0.8)
    True
    """

    program = "gated"

    def __init__(
        self,
        *,
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
