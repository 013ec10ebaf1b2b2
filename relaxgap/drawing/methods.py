"""Names of methods in legends and tables, and their order."""

import pandas as pd

LABELS = {"relaxation": "relaxation", "gd": "GD", "sgd": "SGD", "adam": "Adam"}


def method_order(method: str) -> int:
    """Rank a method as in `LABELS`; labels of the user's own come last."""
    return list(LABELS).index(method) if method in LABELS else len(LABELS)


def method_name(method: object) -> str:
    """Return the name of a method; a label of the user's own is its name."""
    return LABELS.get(str(method), str(method))


def method_names(methods: pd.Series) -> pd.Series:
    """Return the name of the method of every row."""
    return methods.map(method_name)
