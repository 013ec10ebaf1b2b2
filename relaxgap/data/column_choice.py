"""Which columns of a file a network is fitted to, as the user chooses them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.cells import Cells, Wanted
from relaxgap.data.columns import Columns, encoded, learned_categories
from relaxgap.data.naming import listed, nearest
from relaxgap.errors import ConfigurationError, DataError

_WORDS = {"drop": "drop (--drop)", "one_hot": "one_hot (--one-hot)"}


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Choose columns by their names.

    Parameters
    ----------
    target : str
        The labels.
    drop : tuple of str
        Columns to leave out.
    one_hot : tuple of str
        Columns of categories, which become one feature of zeros and ones a category.

    Raises
    ------
    ConfigurationError
        If a name is empty or given twice, or is that of the labels.
    """

    target: str
    drop: tuple[str, ...] = ()
    one_hot: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for setting, names in (("drop", self.drop), ("one_hot", self.one_hot)):
            plain = [name.strip() for name in names]
            word = _WORDS[setting]
            if "" in plain:
                raise ConfigurationError(
                    f"Expected names of columns for {word}, got an empty one; name the column or "
                    "leave the setting out."
                )
            if self.target.strip() in plain:
                raise ConfigurationError(
                    f"Expected features for {word}, got the labels {self.target.strip()!r}; name "
                    "another column, or another target (--target)."
                )
            if len(set(plain)) < len(plain):
                twice = next(name for name in plain if plain.count(name) > 1)
                raise ConfigurationError(
                    f"Expected each column once for {word}, got {twice!r} twice; name it once."
                )
        both = {name.strip() for name in self.drop} & {name.strip() for name in self.one_hot}
        if both:
            raise ConfigurationError(
                f"Expected a column in {_WORDS['drop']} or in {_WORDS['one_hot']}, got "
                f"{min(both)!r} in both; choose one."
            )

    @property
    def known(self) -> Collection[str]:
        """Names that a header should hold."""
        return {name.strip() for name in (self.target, *self.drop, *self.one_hot)}

    @property
    def is_all(self) -> bool:
        """Whether every column is a feature, as it is."""
        return not self.drop and not self.one_hot

    def wanted(self, names: Sequence[str], label: str | None, as_text: bool = False) -> Wanted:
        """Return what is to be read of a file.

        Parameters
        ----------
        names : sequence of str
            All its columns.
        label : str, optional
            That of the labels, which is among them, if any is.
        as_text : bool
            Whether the labels are read as they are written.

        Raises
        ------
        DataError
            If there is no column of a name chosen.
        """
        features = [name for name in names if name != label]
        drop, one_hot = self._found("drop", features), self._found("one_hot", features)
        text = {*drop, *one_hot, *([label] if as_text else [])}
        numbers = tuple(name for name in names if name not in text)
        categories = tuple(name for name in features if name in one_hot)
        return Wanted(numbers, categories, label if as_text else None, label or "")

    def learned(
        self, cells: Cells, label: str | None
    ) -> tuple[Float64[np.ndarray, "n d"], Any, Columns]:
        """Return features and labels of what was read, and how the columns became features.

        Raises
        ------
        DataError
            If a column has too many categories.
        """
        names = [name for name in cells.names if name != label]
        dropped = self._found("drop", names)
        columns = Columns(
            tuple(name for name in names if name not in dropped),
            {name: learned_categories(name, text) for name, text in cells.categories.items()},
            self.target if label is None else label,
            dropped,
        )
        labels: Any = cells.labels
        if label in cells.wanted.numbers:
            labels = cells.numbers[:, cells.wanted.numbers.index(label)].copy()
        return encoded(cells, columns), labels, columns

    def _found(self, setting: str, features: Sequence[str]) -> tuple[str, ...]:
        """Return the columns of a setting by their names in the file."""
        found, there = [], set(features)
        for name in self.drop if setting == "drop" else self.one_hot:
            column = name if name in there else name.strip()
            if column not in there:
                raise DataError(
                    f"Expected a column named {column!r} for {_WORDS[setting]}, got "
                    f"{listed(features)}; {nearest(column, features)}name it as in the file."
                )
            found.append(column)
        return tuple(found)
