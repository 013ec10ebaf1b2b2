"""The CSV of an experiment, collected from its cells in grid order."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from relaxgap.experiments.catalogue import EXPERIMENTS

IRRELEVANT = ("experiment=", "runner=", "runner.", "hydra", "scale=default")
LONGEST_TAG = 150


def output_folder(results_dir: str, name: str, overrides: Sequence[str]) -> Path:
    """Return the folder of a run's summary: the experiment's own, or a variant's beneath it.

    A run with other settings never overwrites the default one: its folder is named after what was
    overridden (``results/gap_vs_log_n/scale=ci``). Cells are shared.
    """
    # Hydra lets the last override of a path win
    last = {item.lstrip("+~").partition("=")[0]: item.lstrip("+") for item in overrides}
    relevant = sorted(item for item in last.values() if not item.startswith(IRRELEVANT))
    home = Path(results_dir) / name
    if not relevant:
        return home
    full = ",".join(relevant).replace(" ", "")
    tag = full.replace("/", "_")
    if tag != full or len(tag.encode()) > LONGEST_TAG:
        tag = f"{tag[:60]}~{hashlib.sha256(full.encode()).hexdigest()[:10]}"
    return home / tag


def summary_text(name: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """Return ``summary.csv``: the record's fields in order, floats that round-trip."""
    columns = [field.name for field in fields(EXPERIMENTS[name].record)]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for cell in cells:
        for row in cell["rows"]:
            writer.writerow([_text(row[column]) for column in columns])
    return stream.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
