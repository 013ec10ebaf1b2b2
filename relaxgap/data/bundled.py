"""Tables that ship with scikit-learn, and ones that it makes, of any number of rows."""

from dataclasses import dataclass

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError

NUMBERS = ("diabetes", "linnerud", "friedman")
"""Tables whose labels are numbers."""
CLASSES = ("wine", "breast_cancer", "iris", "digits")
"""Tables whose labels are the numbers of classes, from 0 on."""
TABLES = (*NUMBERS, *CLASSES)


@dataclass(frozen=True, slots=True)
class BundledData:
    """Take a table of scikit-learn's in its own units.

    Parameters
    ----------
    table : str
        ``diabetes``, ``linnerud`` (the weights), ``wine``, ``breast_cancer``, ``iris``,
        ``digits``, all ten of them; or ``friedman``, Friedman's first problem with noise 1 and 10
        columns, of which five matter.
    n : int or None
        Rows of a made table, or drawn from another without replacement; None takes all.

    Raises
    ------
    ConfigurationError
        If the table is unknown, ``n`` is none of a made one, or more than a table has (on `load`).
    """

    table: str = "diabetes"
    n: int | None = None

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ConfigurationError(
                f"Expected a table out of {', '.join(TABLES)}, got {self.table!r}; choose one."
            )
        if self.n is not None and self.n < 2:
            raise ConfigurationError(f"Expected n >= 2, got {self.n}; raise n or set it to null.")
        if self.table == "friedman" and self.n is None:
            raise ConfigurationError(
                "Expected n for the table friedman, which is made, got null; try n=1000."
            )

    @property
    def label(self) -> str:
        """Short name for a CSV: that of the table."""
        return self.table

    @property
    def has_classes(self) -> bool:
        """Whether labels are the numbers of classes."""
        return self.table in CLASSES

    def fingerprint(self) -> list[str]:
        """Return nothing: the tables are part of scikit-learn."""
        return []

    def load(self, rng: np.random.Generator) -> Dataset:
        """Return the rows, in a drawn order where only some are taken."""
        # scikit-learn takes about a second to import
        from sklearn import datasets

        if self.table == "friedman":
            seed = int(rng.integers(2**31))
            X, y = datasets.make_friedman1(self.n, noise=1.0, random_state=seed)
        else:
            X, y = getattr(datasets, f"load_{self.table}")(return_X_y=True)
            y = y[:, 0] if y.ndim == 2 else y
        X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if self.n is None:
            return Dataset(X, y)
        if self.n > len(X):
            raise ConfigurationError(
                f"Expected n of at most {len(X)}, the rows of {self.table}, got {self.n}; lower n."
            )
        rows = rng.permutation(len(X))[: self.n]
        return Dataset(X[rows], y[rows])
