"""``relaxgap optimal-set``."""

import json
from collections.abc import Sequence
from dataclasses import asdict
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
from relaxgap.cli.optimal_set_tables import (
    NEURONS,
    PRUNED,
    RANGES,
    VERTICES,
    constants_of,
    csv_text,
    facts,
    header_of,
    neurons_of,
    predictions_of,
    pruned_of,
    vertices_of,
)
from relaxgap.cli.option_words import options_named
from relaxgap.cli.output_files import refuse_unwritable, write_bytes, write_network
from relaxgap.cli.program_options import refuse_two_strengths, takes_biases
from relaxgap.cli.shown_text import printable
from relaxgap.data.columns import Columns
from relaxgap.data.labelled_arrays import array_names
from relaxgap.data.prediction import read_features
from relaxgap.errors import ConfigurationError

SMALLEST, LARGEST = "smallest.npz", "largest.npz"


@click.command("optimal-set", epilog=DATA_HELP)
@takes_data
@takes_loss
@takes_columns
@takes_biases
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

    With an output bias networks have one fit and one constant together. A free constant may differ
    from one optimal network to another, and constant is its range; directions are then of scaled
    rows, and those of hidden biases are in columns of their own. Files of networks have all of it
    and take raw rows.

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
    click.echo(json.dumps(facts(found), allow_nan=False) if as_json else _text(found))
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


def _text(found: OptimalSet) -> str:
    row = asdict(found.record)
    width = max(map(len, row)) + 1
    lines = [f"{name:{width}s} {value}" for name, value in row.items()]
    tables = [
        _table("constant", constants_of(found)),
        _table("neurons", neurons_of(found)),
        _table("predictions", predictions_of(found)),
        _table("pruned", pruned_of(found)),
    ]
    said = [found.sentence, found.bracket_sentence, found.bias_sentence, found.class_sentence]
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
    tables = {NEURONS: neurons_of(found), VERTICES: vertices_of(found), PRUNED: pruned_of(found)}
    if found.predictions:
        tables[RANGES] = predictions_of(found)
    for name, rows in tables.items():
        write_bytes(out / name, "--out", csv_text(rows, header_of(name, found)).encode("utf-8"))
        written.append(out / name)
    return written
