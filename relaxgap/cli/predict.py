"""``relaxgap predict``."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.held_out import HeldOut, held_out
from relaxgap.cli.network_argument import with_target
from relaxgap.cli.output_files import refuse_unwritable, write_bytes
from relaxgap.data.classes import Classes, named
from relaxgap.data.columns import Columns
from relaxgap.data.labelled_arrays import array_names
from relaxgap.data.paths import errors_of
from relaxgap.data.prediction import read_features, read_in_order
from relaxgap.errors import DataError
from relaxgap.networks import FittedNetwork, load_network
from relaxgap.problems.losses import LOGISTIC


@click.command("predict")
@click.argument("network_file", metavar="NETWORK")
@click.argument("data")
@click.option(
    "--target", help="Name of the labels in DATA, if it has any; by default that of the fit."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the predictions to this .csv in place of standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def predict_command(
    network_file: str, data: str, target: str | None, out: Path | None, as_json: bool
) -> None:
    """Predict for the rows of DATA by a NETWORK that solve, path or another library trained.

    DATA is a .csv, .csv.gz, .parquet, .npz or .npy file. Of a network of solve --out, columns are
    matched by name, in any order, and scaled as they were for the fit. Prints one line a row: the
    output, and of classes their name and, of the logistic loss, the probability of the later one;
    several outputs have one column each.

    Where DATA has the labels too, the errors on them are said on standard error.
    """
    refuse_unwritable(out, "--out", ".csv")
    network = load_network(network_file)
    X, labels = _rows(network, data, target)
    outputs = network.predict(X)
    if not np.all(np.isfinite(outputs)):
        row = int(np.argmin(np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1)))
        raise DataError(
            f"{data}: Expected finite outputs, got {outputs[row]} in row {row + 1}; check the "
            "units of its columns."
        )
    training = network.training
    classes = None if training is None else training.classes
    loss = "squared" if training is None else training.loss
    columns = _columns(network, outputs, loss, classes)
    tested, failure = None, None
    try:
        tested = _tested(outputs, labels, data, loss, classes)
    except DataError as error:
        # of labels: predictions do not depend on them
        failure = error
    text = _table(columns)
    if as_json:
        facts = {"n": len(outputs)} | ({} if tested is None else tested.known)
        click.echo(json.dumps(facts | _plain(outputs, columns), allow_nan=False))
    elif out is None:
        click.echo(text, nl=False)
    if out is not None:
        write_bytes(out, "--out", text.encode("utf-8"))
    if tested is not None:
        click.echo(f"relaxgap: {tested.sentence}", err=True)
    if failure is not None:
        raise failure


def _rows(
    network: FittedNetwork, data: str, target: str | None
) -> tuple[Float64[np.ndarray, "n d"], Any]:
    path, named = with_target(data)
    target = target if named is None else named
    # several labels a row are not compared
    labelled = network.n_outputs == 1
    if network.columns is not None:
        return read_features(path, network.columns, target, labelled)
    if path.lower().endswith((".npz", ".npy")):
        return read_features(
            path, Columns(array_names(network.n_features), {}, target or "y"), target, labelled
        )
    # a table to a network that remembers no names: in the order of the file
    return read_in_order(path, network.n_features, target or "y", labelled)


def _columns(
    network: FittedNetwork,
    outputs: Float64[np.ndarray, "n ..."],
    loss: str,
    classes: Classes | None,
) -> dict[str, list[str]]:
    if outputs.ndim == 2:
        known = () if network.training is None else network.training.outputs
        names = known or [str(k) for k in range(outputs.shape[1])]
        of_outputs = zip(names, outputs.T.tolist(), strict=True)
        return {f"prediction_{name}": [*map(repr, values)] for name, values in of_outputs}
    written = [repr(output) for output in outputs.tolist()]
    if classes is None:
        return {"prediction": written}
    columns = {"class": named(outputs, classes), "output": written}
    if loss == LOGISTIC.name:
        shares = np.exp(-np.logaddexp(0.0, -outputs))
        columns[f"probability_of_{classes[-1]}"] = [repr(p) for p in shares.tolist()]
    return columns


def _plain(outputs: Float64[np.ndarray, "n ..."], columns: dict[str, list[str]]) -> dict[str, Any]:
    plain: dict[str, Any] = {"outputs": outputs.tolist()}
    if "class" in columns:
        plain["classes"] = columns["class"]
    return plain


def _tested(
    outputs: Float64[np.ndarray, "n ..."],
    labels: Any,
    data: str,
    loss: str,
    classes: Classes | None,
) -> HeldOut | None:
    if labels is None:
        return None
    with errors_of(data):
        return held_out(outputs, labels, loss, classes)


def _table(columns: dict[str, list[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue()
