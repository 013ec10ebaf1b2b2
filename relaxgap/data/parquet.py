"""Parquet tables, read by pyarrow where it is installed."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from relaxgap.data.naming import LISTED, listed, no_target
from relaxgap.errors import DataError


def read_parquet(
    path: Path, target: str
) -> tuple[Float64[np.ndarray, "n d"], Float64[np.ndarray, " n"]]:
    """Read the features and the labels of a table, as `relaxgap.data.tables.read_table` does.

    Raises
    ------
    DataError
        If it cannot be used, or pyarrow is not installed.
    """
    target = target.strip()
    table = _table(path, target)
    return _numbers(table.drop_columns([target])), _numbers(table.select([target]))[:, 0].copy()


def read_parquet_classes(
    path: Path, target: str
) -> tuple[Float64[np.ndarray, "n d"], list[str] | list[float]]:
    """Read the features of a table, and the labels as they are."""
    target = target.strip()
    table = _table(path, target)
    labels = table.column(target).to_pylist()
    return _numbers(table.drop_columns([target])), ["" if one is None else one for one in labels]


def _table(path: Path, target: str) -> Any:
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
    if target not in names:
        raise DataError(no_target("a column", target, names))
    return table


def _numbers(table: Any) -> Float64[np.ndarray, "n p"]:
    """Return columns of numbers side by side, if there is one in every cell."""
    out = np.empty((table.num_rows, table.num_columns))
    for place, name in enumerate(table.column_names):
        column = table.column(name)
        # a missing number or boolean comes as NaN or None
        values = np.asarray(column.to_numpy())
        if not str(column.type).startswith(("int", "uint", "float", "halffloat", "double", "bool")):
            raise DataError(
                f"Expected numbers in column {name!r}, got the type {column.type}; encode the "
                "column as numbers or remove it."
            )
        out[:, place] = values.astype(np.float64)
    missing = np.argwhere(np.isnan(out))
    if len(missing):
        names = table.column_names
        first = ", ".join(f"row {row + 1} of {names[column]!r}" for row, column in missing[:LISTED])
        more = ", ..." if len(missing) > LISTED else ""
        raise DataError(
            f"Expected a number in every cell, got {len(missing)} missing values: {first}{more}; "
            "fill in or remove them."
        )
    return out
