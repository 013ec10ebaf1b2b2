"""Estimators among the tools of scikit-learn: copies, pipelines, searches, frames."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from relaxgap.estimators import (
    ConvexReLUClassifier,
    ConvexReLURegressor,
    ConvexReLURegressorCV,
    GatedReLUClassifier,
    GatedReLURegressor,
)

RNG = np.random.default_rng(1)
X = RNG.standard_normal((30, 2))
Y = np.abs(X[:, 0]) + 0.5 * X[:, 1]
SIDES = np.where(np.median(Y) < Y, "yes", "no")
ALL = [
    ConvexReLURegressor,
    GatedReLURegressor,
    ConvexReLUClassifier,
    GatedReLUClassifier,
    ConvexReLURegressorCV,
]
QUICK = GatedReLURegressor(n_gates=30, rtol=1e-2, random_state=0)


@pytest.mark.parametrize("kind", ALL)
def test_a_copy_has_the_parameters_and_nothing_of_the_fit(kind: type) -> None:
    model = kind(n_gates=7).set_params(rtol=1e-2)
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    assert (copied.n_gates, copied.rtol) == (7, 1e-2)
    with pytest.raises(ValueError, match="Invalid parameter"):
        model.set_params(alpha=1.0)


def test_a_pickled_model_predicts_the_same_and_keeps_its_certificate() -> None:
    model = clone(QUICK).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(model))
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert loaded.certificate_ == model.certificate_


def test_a_search_over_fractions_prefers_the_better_one() -> None:
    search = GridSearchCV(QUICK, {"beta_fraction": [0.9, 0.01]}, cv=3).fit(X, Y)
    assert search.best_params_ == {"beta_fraction": 0.01}
    assert search.best_estimator_.certificate_.relative_gap <= 1e-2


def test_a_pipeline_passes_rows_on_and_scores() -> None:
    model = make_pipeline(PolynomialFeatures(2, include_bias=False), QUICK).fit(X, Y)
    assert model[-1].n_features_in_ == 5
    classifier = GatedReLUClassifier(n_gates=6, rtol=1e-2, random_state=0)
    scores = cross_val_score(classifier, X, SIDES, cv=3, scoring="roc_auc")
    assert scores.mean() > 0.7


def test_a_frame_keeps_the_names_of_its_columns_and_refuses_others() -> None:
    frame = pd.DataFrame(X, columns=["age", "rooms"], index=range(100, 130))
    model = clone(QUICK).fit(frame, pd.Series(Y, index=frame.index, name="price"))
    assert model.feature_names_in_.tolist() == ["age", "rooms"]
    assert np.array_equal(model.predict(frame), model.network_.predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"age": "year"}))


def test_the_names_of_classes_are_kept() -> None:
    model = GatedReLUClassifier(n_gates=6, rtol=1e-2, random_state=0)
    assert model.fit(X, pd.Series(SIDES)).classes_.tolist() == ["no", "yes"]
    assert set(model.predict(X)) <= {"no", "yes"}
    assert model.fit(X, Y > 0.5).predict(X).dtype == bool


@pytest.mark.parametrize("kind", ALL)
def test_sparse_rows_are_refused_in_one_line(kind: type) -> None:
    with pytest.raises(TypeError, match="dense data is required") as refused:
        kind().fit(scipy.sparse.csr_array(X), SIDES)
    assert "\n" not in str(refused.value)


def test_labels_in_a_column_are_a_warning() -> None:
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        clone(QUICK).fit(X, Y[:, None])
