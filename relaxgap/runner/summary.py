"""The CSV of an experiment, collected from its cells in grid order."""

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relaxgap.experiments.experiment import Experiment

IRRELEVANT = ("runner=", "runner.", "hydra", "scale=default")
MAX_TAG = 150
HASH_LENGTH = 10
SAFE = re.compile(r"[\w.~]+(=(-?[\w.+-]*|\[[\w.+,-]*\]))?", re.ASCII)
"""An override that can be read back from a name: no commas outside of brackets, no more signs."""
SHORTEST_NAME = 8


def output_folder(results_dir: str, name: str, overrides: Sequence[str]) -> Path:
    """Return the folder of a run's summary: the experiment's own, or a variant's beneath it.

    A run with other settings never overwrites the default one: its folder is named after what was
    overridden (``results/gap_vs_log_n/scale=ci``). Cells are shared.
    """
    # Hydra lets the last override of a path win
    last = {item.lstrip("+~").partition("=")[0]: item.lstrip("+") for item in overrides}
    for one, other in (("data.d", "data.aspect_ratio"), ("data.aspect_ratio", "data.d")):
        # set aside by the other
        if one in last and last.get(other) == f"{other}=null":
            del last[other]
    irrelevant = (f"experiment={name}", *IRRELEVANT)
    relevant = sorted(item for item in last.values() if not item.startswith(irrelevant))
    home = Path(results_dir) / name
    return home / _tag(relevant) if relevant else home


def _tag(items: Sequence[str]) -> str:
    """Return a readable name of sorted overrides: a section is written once (``data.n=4,d=2``).

    The hash of all of them stands behind what is cut, or could be the name of others.
    """
    settings = [item.replace(" ", "").partition("=") for item in items]
    # without a section first: behind a section they would be of it
    settings.sort(key=lambda setting: "." in setting[0])
    parts, section = [], ""
    for key, equals, value in settings:
        inside, _, last = key.rpartition(".")
        repeats = inside == section and not last.startswith("~")
        parts.append(f"{last if repeats else key}{equals}{value}")
        section = inside
    tag = ",".join(parts)
    if len(tag) <= MAX_TAG and all(SAFE.fullmatch("".join(setting)) for setting in settings):
        return tag
    legible = re.sub(r"[^\w.,=~+\[\]-]", "_", tag, flags=re.ASCII)[: MAX_TAG - HASH_LENGTH - 1]
    full = hashlib.sha256("\n".join(items).encode(errors="surrogateescape")).hexdigest()
    return f"{legible}~{full[:HASH_LENGTH]}"


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
