"""``relaxgap optimal-set``."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click
import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.optimal_set import MAX_PATTERNS, optimal_set
from relaxgap.analysis.optimal_set_record import OptimalSet
from relaxgap.cli.data_argument import (
    DATA_HELP,
    load_labelled,
    takes_columns,
    takes_data,
    takes_loss,
)
from relaxgap.cli.option_words import options_named
from relaxgap.cli.output_files import refuse_unwritable, write_bytes, write_network
from relaxgap.cli.program_options import refuse_two_strengths
from relaxgap.cli.shown_text import printable
from relaxgap.data.columns import Columns
from relaxgap.data.labelled_arrays import array_names
from relaxgap.data.prediction import read_features
from relaxgap.errors import ConfigurationError
from relaxgap.networks.optimal_set.description import Interval

SMALLEST, LARGEST = "smallest.npz", "largest.npz"
NEURONS, VERTICES, RANGES, PRUNED = "neurons.csv", "vertices.csv", "ranges.csv", "pruned.csv"


@click.command("optimal-set", epilog=DATA_HELP)
@takes_data
@takes_loss
@takes_columns
@click.option("--beta", type=float, help="Regularisation strength, absolute.")
@click.option(
    "--beta-fraction",
    type=float,
    help="Regularisation strength as a fraction of beta_max, at which zero becomes optimal.",
)
@click.option(
    "--at",
    "at_file",
    metavar="FILE",
    help="New rows, with the columns of DATA: how much can two optimal networks disagree there?",
)
@click.option(
    "--limit",
    default=MAX_PATTERNS,
    show_default=True,
    type=click.IntRange(min=1),
    help="Refuse data that may have more activation patterns.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="BLAS threads.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Existing folder for {SMALLEST} and {LARGEST}, the narrowest network and the widest "
    f"vertex, {NEURONS}, {VERTICES}, {PRUNED}, and with --at {RANGES}.",
)
def optimal_set_command(
    data: str,
    target: str,
    seed: int,
    drop: tuple[str, ...],
    one_hot: tuple[str, ...],
    at_file: str | None,
    out: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Describe all optimal networks of DATA: one or many, how wide, how much they disagree.

    They have one fit and one dual point, so that their neurons are of finitely many directions,
    and the weights of these a polytope. dimension_low and dimension_high, smallest_width_low and
    largest_width_high, and the outer ends of all ranges are proven, with room for what is not
    known of the dual point; smallest_width, largest_width and the inner ends are of networks that
    were found, whose loss is at most relative_gap above the optimum. unique is "not told" where
    the errors leave room for both; dimension is then what the numbers look like.

    pruned lists networks narrower than the smallest one: neuron after neuron goes, each time the
    one whose absence costs least, and loss_increase is how far their loss is above the optimum,
    at most.
    """
    refuse_two_strengths(chosen["beta"], chosen["beta_fraction"])
    if chosen["beta"] is None and chosen["beta_fraction"] is None:
        raise ConfigurationError(
            "Expected --beta or --beta-fraction, got neither; try --beta-fraction 0.1."
        )
    if out is not None:
        _refuse_folder(out, () if at_file is None else (RANGES,))
    X, y, columns = load_labelled(data, target, seed, chosen["loss"], drop, one_hot)
    rows = None if at_file is None else _rows(at_file, columns, np.shape(X)[1])
    with options_named():
        found = optimal_set(X, y, at=rows, seed=seed, **chosen)
    click.echo(json.dumps(_facts(found), allow_nan=False) if as_json else _text(found))
    if out is None:
        return
    written = _write(found, columns, out)
    if not as_json:
        click.echo("\n".join(["", "written:", *(printable(f"  {file}") for file in written)]))


def _refuse_folder(out: Path, further: Sequence[str]) -> None:
    if not out.is_dir():
        raise ConfigurationError(
            f"Expected --out to be an existing folder, got {out}; create it first."
        )
    for name in (SMALLEST, LARGEST, NEURONS, VERTICES, PRUNED, *further):
        refuse_unwritable(out / name, "--out")


def _rows(path: str, columns: Columns | None, d: int) -> Float64[np.ndarray, "r d"]:
    known = columns or Columns(array_names(d), {}, "y")
    return read_features(path, known, None)[0]


def _facts(found: OptimalSet) -> dict[str, Any]:
    return asdict(found.record) | {
        "neurons": _neurons(found),
        "predictions": _predictions(found),
        "pruned": _pruned(found),
    }


def _neurons(found: OptimalSet) -> list[dict[str, Any]]:
    neurons = found.description.neurons
    return [
        {
            "neuron": k,
            "sign": int(neurons.signs[k]),
            "direction": neurons.directions[k].tolist(),
            "direction_error": float(neurons.errors[k]),
            "n_cells": int(neurons.n_cells[k]),
            "surely_used": found.complete and weight.proven_low > 0.0,
        }
        | {f"weight_{name}": end for name, end in _finite(asdict(weight)).items()}
        for k, weight in enumerate(found.weights)
    ]


def _predictions(found: OptimalSet) -> list[dict[str, Any]]:
    return [
        {"row": row} | _finite(asdict(interval)) for row, interval in enumerate(found.predictions)
    ]


def _pruned(found: OptimalSet) -> list[dict[str, Any]]:
    return [
        {
            "width": one.network.width,
            "loss_value": one.loss_value,
            "loss_increase": found.price(one),
            "removed": one.removed.tolist(),
        }
        for one in found.pruned
    ]


def _finite(ends: dict[str, float]) -> dict[str, float | None]:
    return {name: end if math.isfinite(end) else None for name, end in ends.items()}


def _text(found: OptimalSet) -> str:
    row = asdict(found.record)
    width = max(map(len, row)) + 1
    lines = [f"{name:{width}s} {value}" for name, value in row.items()]
    tables = [
        _table("neurons", _neurons(found)),
        _table("predictions", _predictions(found)),
        _table("pruned", _pruned(found)),
    ]
    said = [found.sentence, found.bracket_sentence, found.class_sentence]
    return "\n".join([*lines, *filter(None, tables), "", *filter(None, said)])


def _table(name: str, rows: Sequence[dict[str, Any]]) -> str:
    """Lay out short columns; vectors are for files."""
    if not rows:
        return ""
    cells = [[key for key in rows[0] if not isinstance(rows[0][key], list)]]
    cells += [[_cell(row[key]) for key in cells[0]] for row in rows]
    sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(f"{cell:>{size}}" for cell, size in zip(line, sizes, strict=True))
        for line in cells
    ]
    return "\n".join(["", f"{name}:", *lines])


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _write(found: OptimalSet, columns: Columns | None, out: Path) -> list[Path]:
    written = []
    for name, network in ((SMALLEST, found.smallest), (LARGEST, found.largest)):
        write_network(out / name, "--out", found.fitted(network).of_columns(columns))
        written.append(out / name)
    vertices = [{"vertex": i, "c": row} for i, row in enumerate(found.vertices.tolist())]
    tables = {NEURONS: _neurons(found), VERTICES: vertices, PRUNED: _pruned(found)}
    if found.predictions:
        tables[RANGES] = _predictions(found)
    for name, rows in tables.items():
        write_bytes(out / name, "--out", _csv(rows, _header(name, found)).encode("utf-8"))
        written.append(out / name)
    return written


def _header(name: str, found: OptimalSet) -> list[str]:
    """Return the columns of a table, which it has without a row too."""
    ends = [field.name for field in fields(Interval)]
    entries = range(found.d)
    known = ["direction_error", "n_cells", "surely_used", *(f"weight_{end}" for end in ends)]
    headers = {
        NEURONS: ["neuron", "sign", *(f"direction_{i}" for i in entries), *known],
        VERTICES: ["vertex", *(f"c_{k}" for k in range(found.n_neurons))],
        PRUNED: ["width", "loss_value", "loss_increase", *(f"removed_{i}" for i in entries)],
        RANGES: ["row", *ends],
    }
    return headers[name]


def _csv(rows: Sequence[dict[str, Any]], header: Sequence[str]) -> str:
    """Write rows, a column for each entry of a vector."""
    flat = []
    for row in rows:
        line: dict[str, Any] = {}
        for name, value in row.items():
            entries = enumerate(value) if isinstance(value, list) else ()
            line |= {f"{name}_{i}": entry for i, entry in entries}
            line |= {} if isinstance(value, list) else {name: value}
        flat.append(line)
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()
