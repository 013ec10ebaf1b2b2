"""Fit and predict classes: one network of two classes, one of each against the rest, or of all."""

from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.special import log_expit
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from relaxgap.analysis.certified_network import NetworkReport
from relaxgap.analysis.vector_certifying import VectorReport
from relaxgap.estimators.base import ReLUEstimator
from relaxgap.estimators.certificate import Certificate
from relaxgap.networks import FittedNetwork
from relaxgap.problems.losses import HINGE, LOGISTIC, SQUARED

Optimum = NetworkReport | VectorReport | None
OF_CLASSES = (LOGISTIC.name, HINGE.name)


def _has_probabilities(estimator: "Classifying") -> bool:
    if estimator.loss == LOGISTIC.name:
        return True
    raise AttributeError(
        f"Expected the logistic loss for probabilities, got {estimator.loss!r}, whose outputs are "
        "margins alone; take loss='logistic'."
    )


class Classifying(ClassifierMixin, ReLUEstimator):
    """Predict with one network of two classes, with one a class of more, or with one of all."""

    loss: str
    beta: float | None
    beta_fraction: float
    classes_: np.ndarray
    network_: FittedNetwork | list[FittedNetwork]
    certificate_: Certificate | list[Certificate]
    optimum_: Optimum | list[Optimum]
    n_active_: int | list[int]
    beta_: float | list[float]

    def fit(self, X: Any, y: Any) -> "Classifying":
        """Find networks of least training loss, with brackets that prove how good they are.

        Parameters
        ----------
        X : (n, d) array
            One sample per row, finite; a data frame's names of columns are kept.
        y : (n,) array
            Labels of two or more classes, of any names.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If the data cannot be used, there is one class alone, or a parameter is out of range.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        if self.loss not in (*OF_CLASSES, SQUARED.name):
            raise ValueError(
                f"Expected a loss out of {', '.join((*OF_CLASSES, SQUARED.name))}, got "
                f"{self.loss!r}; choose one."
            )
        self.classes_, codes = np.unique(y, return_inverse=True)
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"Expected samples of two classes or more, got one class, "
                f"{self.classes_.tolist()[0]!r}, alone; give samples of another."
            )
        seed = self._seed()
        if self.loss == SQUARED.name:
            self._fit_together(X, np.eye(n_classes)[codes], seed)
            return self
        positive = range(n_classes) if n_classes > 2 else (1,)
        seconds = None if self.max_seconds is None else self.max_seconds / len(positive)
        networks, certificates, optima = [], [], []
        for code in positive:
            signs = np.where(codes == code, 1.0, -1.0)
            result = self._solved(X, signs, self.loss, seed, seconds, self.beta, self.beta_fraction)
            networks.append(result.fitted)
            certificates.append(Certificate.of(result, result.complete))
            optima.append(self._optimum(result.fitted, X, signs, seed))
        widths, betas = [n.width for n in networks], [c.beta for c in certificates]
        if n_classes > 2:
            self.network_, self.certificate_, self.optimum_ = networks, certificates, optima
            self.n_active_, self.beta_ = widths, betas
        else:
            (self.network_,), (self.certificate_,), (self.optimum_,) = (
                networks,
                certificates,
                optima,
            )
            (self.n_active_,), (self.beta_,) = widths, betas
        return self

    def _fit_together(
        self, X: Float64[np.ndarray, "n d"], Y: Float64[np.ndarray, "n k"], seed: int
    ) -> None:
        """Fit one network with an output for each class."""
        result = self._solved(
            X, Y, SQUARED.name, seed, self.max_seconds, self.beta, self.beta_fraction
        )
        self.network_ = result.fitted
        self.certificate_ = Certificate.of(result, result.complete)
        self.n_active_, self.beta_ = result.active_blocks, result.beta
        self.optimum_ = self._optimum(result.fitted, X, Y, seed)

    def decision_function(self, X: Any) -> Float64[np.ndarray, "..."]:
        """Return the outputs of the networks.

        Parameters
        ----------
        X : (n, d) array
            Rows in the units of the fit.

        Returns
        -------
        (n,) or (n, k) float64
            Of two classes, above 0 for the second; of more, a column for each.
        """
        rows = self._rows(X)
        if isinstance(self.network_, list):
            return np.column_stack([network.predict(rows) for network in self.network_])
        outputs = self.network_.predict(rows)
        of_two = outputs.ndim == 2 and outputs.shape[1] == 2
        return np.asarray(outputs[:, 1] - outputs[:, 0]) if of_two else outputs

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row: the side of the output, or the class of the largest.

        Parameters
        ----------
        X : (n, d) array
            Rows in the units of the fit.

        Returns
        -------
        (n,) array
            Out of ``classes_``.
        """
        outputs = self.decision_function(X)
        codes = outputs.argmax(axis=1) if outputs.ndim == 2 else (outputs > 0.0).astype(int)
        return np.asarray(self.classes_[codes])

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Float64[np.ndarray, "n k"]:
        """Return probabilities of the classes, of the logistic loss only.

        Of more than two classes they are those of each against the rest, over their sum.

        Parameters
        ----------
        X : (n, d) array
            Rows in the units of the fit.

        Returns
        -------
        (n, k) float64
            One column a class, in the order of ``classes_``.
        """
        outputs = self.decision_function(X)
        if outputs.ndim == 1:
            return np.asarray(np.exp(np.column_stack([log_expit(-outputs), log_expit(outputs)])))
        logs = log_expit(outputs)
        # the largest is 1: no sum underflows
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))
