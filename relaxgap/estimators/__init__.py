"""Networks as estimators of scikit-learn, thin over the verbs of `relaxgap.analysis`.

Examples
--------
>>> from sklearn.datasets import make_friedman1
>>> from sklearn.model_selection import GridSearchCV
>>> from relaxgap.estimators import GatedReLURegressor
>>> X, y = make_friedman1(60, random_state=0)
>>> search = GridSearchCV(
...     GatedReLURegressor(n_gates=20, random_state=0), {"beta_fraction": [0.3, 0.03]}, cv=3
... ).fit(X, y)
>>> search.best_params_
{'beta_fraction': 0.03}
>>> search.best_estimator_.certificate_.relative_gap <= 1e-4
True
"""

from relaxgap.estimators.certificate import Certificate
from relaxgap.estimators.classifiers import ConvexReLUClassifier, GatedReLUClassifier
from relaxgap.estimators.cross_validated import ConvexReLURegressorCV
from relaxgap.estimators.regressors import ConvexReLURegressor, GatedReLURegressor

__all__ = [
    "Certificate",
    "ConvexReLUClassifier",
    "ConvexReLURegressor",
    "ConvexReLURegressorCV",
    "GatedReLUClassifier",
    "GatedReLURegressor",
]
