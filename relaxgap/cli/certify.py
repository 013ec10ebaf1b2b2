"""``relaxgap certify``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from relaxgap.analysis.certified_network import NetworkReport
from relaxgap.analysis.certifying import certify
from relaxgap.analysis.held_out import HeldOut
from relaxgap.analysis.vector_certifying import VectorReport
from relaxgap.cli.accuracy import exit_if_missed, is_given
from relaxgap.cli.data_argument import (
    DATA_HELP,
    load_labelled,
    takes_columns,
    takes_data,
    takes_loss,
)
from relaxgap.cli.held_out_rows import TestRows, parted, takes_test_fraction
from relaxgap.cli.interruption import before_the_first_bracket, exit_if
from relaxgap.cli.network_argument import load_by_columns, remembered_by
from relaxgap.cli.option_words import options_named
from relaxgap.cli.output_files import refuse_unwritable, write_bytes, write_network
from relaxgap.cli.program_options import (
    refuse_two_strengths,
    takes_library_problem,
    takes_workers,
)
from relaxgap.cli.progress import bracket_line
from relaxgap.cli.several_outputs import several_labels, takes_several_outputs
from relaxgap.cli.shown_text import printable
from relaxgap.cli.three_layers import (
    certify_subnetworks,
    refuse_beside,
    takes_normalisation,
)
from relaxgap.data.classes import Classes
from relaxgap.data.several_labels import SeveralLabels
from relaxgap.errors import DataError
from relaxgap.global_optimum.bounds import CERTIFICATE_NAMES
from relaxgap.networks import load_network
from relaxgap.problems.losses import SQUARED
from relaxgap.solvers.vector.methods import METHODS, SPECTRAL


@click.command("certify", epilog=DATA_HELP)
@takes_data
@takes_loss
@takes_library_problem
@takes_columns
@takes_several_outputs
@takes_test_fraction
@takes_normalisation
@click.option(
    "--network",
    "network_file",
    required=True,
    metavar="NET",
    help="A .npz with hidden (m, d) and output (m,) or (m, q), perhaps hidden_bias (m,) and "
    "output_bias (1,) or (q,), or of solve --out, whose beta, loss, scaling, biases and columns "
    "hold unless others are given; or a checkpoint with the state_dict of Linear, ReLU, Linear: "
    ".pt, .pth, .ckpt, .bin or .safetensors. With --normalisation, of three layers: a .npz with "
    "hidden (K, m, d), inner (K, m) and output (K,), or a checkpoint of sub-networks of Linear, "
    "ReLU, Linear, ReLU, Linear.",
)
@click.option(
    "--beta",
    type=float,
    help="Weight decay of the loss. By default the one at which the weights are closest to "
    "stationary.",
)
@click.option(
    "--beta-fraction",
    type=float,
    help="The same as a fraction of beta_max over all patterns, where zero becomes optimal; too "
    "many to enumerate, it is found by local ascent: from below, and the further below the shorter "
    "--time-limit is.",
)
@click.option("--rtol", type=float, default=1e-3, show_default=True, help="Relative gap to reach.")
@click.option(
    "--time-limit",
    type=float,
    default=60.0,
    show_default=True,
    help="Seconds; looked at between pieces of work.",
)
@click.option(
    "--certificate",
    type=click.Choice((*CERTIFICATE_NAMES, *(name for name in METHODS if name != SPECTRAL))),
    default="auto",
    show_default=True,
    help=f"How to prove the lower bound; of several outputs: {', '.join(METHODS)}.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="BLAS threads.",
)
@takes_workers
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page to read or print, REPORT.html.",
)
@click.option(
    "--better",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the best network known, as .npz or .pt: NET itself if none is better.",
)
def certify_command(
    data: str,
    target: str,
    seed: int,
    drop: tuple[str, ...],
    one_hot: tuple[str, ...],
    one_hot_target: bool,
    patches: int | None,
    network_file: str,
    test_fraction: float | None,
    out: Path | None,
    better: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Say how far a trained two-layer ReLU network is from the best one of any width, with proof.

    The training loss is 1/2 |f(X) - y|^2 + beta/2 (sum of the squares of all weights), summed
    over the n samples of DATA: for a PyTorch network trained with MSELoss and weight_decay = w
    (not AdamW) beta is n w / 2. With --loss logistic or hinge that loss takes the place of the
    first term: for BCEWithLogitsLoss beta is n w. The lower bound holds for networks of every
    width; certified_ratio is network_value over it. Without --penalise, --sklearn-alpha and
    --torch-weight-decay, hidden biases count as weights on a column of ones, and an output bias
    costs nothing; the bound holds over all biases too.

    After Ctrl-C or an error the bracket so far is printed and written, with exit code 1. A
    gap wider than --rtol is said on standard error, with exit code 4 if --rtol was given and no
    --time-limit of yours ran out.
    """
    refuse_two_strengths(chosen["beta"], chosen["beta_fraction"])
    refuse_unwritable(out, "--out", ".html")
    refuse_unwritable(better, "--better", ".npz", ".pt")
    if chosen["normalisation"] is not None:
        refuse_beside(
            "three layers", {"--one-hot-target": one_hot_target, "--patches": patches, "--out": out}
        )
        labelled = data, target, seed, drop, one_hot
        certify_subnetworks(labelled, network_file, better, as_json, chosen)
        return
    several = several_labels(
        data, target, "", one_hot_target, patches, drop, one_hot, {"--out": out}
    )
    if several is not None:
        held = seed, test_fraction
        _certify_several(several, network_file, held, better, as_json, chosen)
        return
    with options_named():
        remembered, columns = remembered_by(network_file)
    if not is_given("loss"):
        chosen["loss"] = remembered.loss if remembered else chosen["loss"]
    if remembered and chosen["against_rest"] is None:
        chosen["against_rest"] = _rest_of(remembered.classes)
    if columns is not None and not (drop or one_hot):
        X, y = load_by_columns(
            data, columns, chosen["loss"], target if is_given("target") else None
        )
    else:
        X, y, _ = load_labelled(data, target, seed, chosen["loss"], drop, one_hot)
    with options_named(), before_the_first_bracket(), bracket_line() as show:
        X, y, test = parted(X, y, columns, test_fraction, None, seed)
        report = certify(network_file, X, y, seed=seed, on_progress=show, **chosen)
    assert isinstance(report, NetworkReport)
    tested = _tested(test, network_file, report.loss, report.classes)
    _print(report, [*report.remarks, report.verdict], tested, as_json)
    if better is not None:
        write_network(better, "--better", report.best.of_columns(columns))
    if out is not None:
        # pandas and matplotlib, which a page of help does not need
        from relaxgap.cli.certify_report import report_page

        write_bytes(out, "--out", report_page(network_file, data, report).encode("utf-8"))
    if not as_json and (written := [path for path in (better, out) if path is not None]):
        click.echo("\n".join(["", "written:", *(printable(f"  {path}") for path in written)]))
    exit_if(report.stopped)
    exit_if_missed(report.status, report.relative_gap, report.rtol, "rtol")


def _certify_several(
    several: SeveralLabels,
    network_file: str,
    held: tuple[int, float | None],
    better: Path | None,
    as_json: bool,
    chosen: dict[str, Any],
) -> None:
    """Certify a network of several outputs, print and write."""
    chosen["loss"] = chosen["loss"] if is_given("loss") else None
    remembered, _ = remembered_by(network_file)
    outputs = () if remembered is None else remembered.outputs
    if outputs and outputs != several.names:
        raise DataError(
            f"Expected the outputs of the fit in its order, {','.join(outputs)}, got "
            f"{','.join(several.names)}; name them so with --target."
        )
    with options_named(), before_the_first_bracket(), bracket_line() as show:
        seed, fraction = held
        X, Y, test = parted(several.X, several.Y, several.columns, fraction, None, seed)
        report = certify(network_file, X, Y, seed=seed, on_progress=show, **chosen)
    assert isinstance(report, VectorReport)
    tested = _tested(test, network_file, SQUARED.name, None)
    _print(report, [report.verdict], tested, as_json)
    if better is not None:
        write_network(better, "--better", report.best.of_columns(several.columns, several.names))
    exit_if(report.stopped)
    exit_if_missed(report.status, report.relative_gap, report.rtol, "rtol")


def _tested(
    test: TestRows | None, network_file: str, loss: str, classes: Classes | None
) -> HeldOut | None:
    return None if test is None else test.measured(load_network(network_file), loss, classes)


def _print(
    report: NetworkReport | VectorReport,
    sentences: list[str],
    tested: HeldOut | None,
    as_json: bool,
) -> None:
    row = asdict(report.record)
    if as_json:
        click.echo(json.dumps(row | ({} if tested is None else tested.known), allow_nan=False))
        return
    width = max(map(len, row)) + 1
    lines = [f"{name:{width}s} {value}" for name, value in row.items()]
    sentences = [*sentences, *([] if tested is None else [tested.sentence])]
    click.echo("\n".join(map(printable, [*lines, *sentences])))


def _rest_of(classes: Classes | None) -> str | None:
    """Return the class that was +1 against all others, if the network was trained on that."""
    if classes is None or len(classes) < 2 or classes[0] != f"not {classes[1]}":
        return None
    return classes[1]
