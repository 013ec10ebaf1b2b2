"""The CSV of an experiment, collected from its cells in grid order."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relaxgap.experiments.experiment import Experiment

IRRELEVANT = ("runner=", "runner.", "hydra", "scale=default")
MAX_TAG = 150
SHORTEST_NAME = 8


def output_folder(results_dir: str, name: str, overrides: Sequence[str]) -> Path:
    """Return the folder of a run's summary: the experiment's own, or a variant's beneath it.

    A run with other settings never overwrites the default one: its folder is named after what was
    overridden (``results/gap_vs_log_n/scale=ci``). Cells are shared.
    """
    # Hydra lets the last override of a path win
    last = {item.lstrip("+~").partition("=")[0]: item.lstrip("+") for item in overrides}
    irrelevant = (f"experiment={name}", *IRRELEVANT)
    relevant = sorted(item for item in last.values() if not item.startswith(irrelevant))
    home = Path(results_dir) / name
    if not relevant:
        return home
    full = ",".join(relevant).replace(" ", "")
    tag = full.replace("/", "_")
    if tag != full or len(tag.encode()) > MAX_TAG:
        tag = f"{tag[:60]}~{hashlib.sha256(full.encode()).hexdigest()[:10]}"
    return home / tag


def summary_columns(experiment: Experiment) -> list[str]:
    """Return the columns of ``summary.csv``: which cell a row is of, then the record's fields."""
    return ["cell", *experiment.columns]


def summary_text(experiment: Experiment, cells: Sequence[Mapping[str, Any]]) -> str:
    """Return ``summary.csv``, a row a record in grid order, with floats that round-trip."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(summary_columns(experiment))
    for cell, name in zip(cells, short_names([cell["key"] for cell in cells]), strict=True):
        for row in cell["rows"]:
            writer.writerow([name, *(_text(row[column]) for column in experiment.columns)])
    return stream.getvalue()


def short_names(keys: Sequence[str]) -> list[str]:
    """Return the first characters of every key, as many as tell them apart."""
    length = SHORTEST_NAME
    while len({key[:length] for key in keys}) < len(keys):
        length += 1
    return [key[:length] for key in keys]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
