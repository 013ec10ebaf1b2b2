"""Parquet tables, read by pyarrow where it is installed."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.cells import (
    Cells,
    MissingCells,
    Wanted,
    coded,
    not_numbers,
    refuse_missing,
    written,
)
from relaxgap.data.naming import listed
from relaxgap.errors import DataError

LABELS = "a column"
"""What a table without labels lacks, in messages."""


def read_parquet(
    path: Path, known: Collection[str], choose: Callable[[Sequence[str]], Wanted]
) -> Cells:
    """Read columns of a table, as `relaxgap.data.tables.read_text_table` does.

    Labels as they are written may be numbers and booleans here.

    Raises
    ------
    DataError
        If it cannot be used, or pyarrow is not installed.
    """
    table = _table(path)
    names = tuple(table.column_names)
    wanted = choose(names)
    if table.num_rows == 0:
        raise DataError("Expected at least one sample, got a table without rows; add rows.")
    numbers = _numbers(table.select(list(wanted.numbers)), wanted)
    categories = {
        name: coded(written(cell) for cell in table.column(name).to_pylist())
        for name in wanted.categories
    }
    refuse_missing(categories)
    labels = [] if wanted.label is None else table.column(wanted.label).to_pylist()
    labels = ["" if label is None else label for label in labels]
    return Cells(names, numbers, wanted, categories, labels)


def _table(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(
            "Expected the package pyarrow for a Parquet table, got none; install it with pip "
            "install 'relaxgap[parquet]', or save the table as CSV."
        ) from error
    try:
        file = pyarrow.parquet.ParquetFile(path)
        names = file.schema_arrow.names
        repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        table = None if repeated else file.read()
    except (pyarrow.ArrowException, ValueError, OSError) as error:
        raise DataError(
            f"Expected a Parquet table, got a file that cannot be read as such ({error}); write it "
            "again."
        ) from error
    if repeated:
        raise DataError(
            f"Expected different column names, got {listed(repeated)} more than once; rename them."
        )
    return table


def _numbers(table: Any, wanted: Wanted) -> Float64[np.ndarray, "n p"]:
    """Return columns of numbers side by side, if there is one in every cell."""
    out = np.empty((table.num_rows, table.num_columns))
    for place, name in enumerate(table.column_names):
        column = table.column(name)
        # a missing number or boolean comes as NaN or None
        values = np.asarray(column.to_numpy())
        if not str(column.type).startswith(("int", "uint", "float", "halffloat", "double", "bool")):
            raise not_numbers(name, f"the type {column.type}", wanted)
        out[:, place] = values.astype(np.float64)
    missing = MissingCells()
    for row, place in np.argwhere(np.isnan(out)):
        missing.add(int(row) + 1, table.column_names[place])
    missing.refuse()
    return out
