"""Options of problems of three layers and more, and what ``solve`` and ``certify`` do with them."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from relaxgap.analysis.certifying import certify
from relaxgap.analysis.three_layer_report import ThreeLayerReport
from relaxgap.cli.accuracy import exit_if_missed, is_given
from relaxgap.cli.data_argument import load_labelled
from relaxgap.cli.interruption import before_the_first_bracket, exit_if
from relaxgap.cli.option_words import options_named
from relaxgap.cli.output_files import refuse_unwritable, write_bytes
from relaxgap.cli.progress import bracket_line
from relaxgap.errors import ConfigurationError
from relaxgap.networks.saving import archive_of
from relaxgap.problems.one_column import DEFAULT_DEPTH
from relaxgap.problems.one_column import NAME as NARROW
from relaxgap.problems.three_layer import NAME, NORMALISATIONS

_WIDTH = click.option(
    "--subnetwork-width",
    type=int,
    metavar="M",
    help=f"With --program {NAME}: first-layer neurons of each sub-network. Default: 2.",
)
_NORMALISATION = click.option(
    "--normalisation",
    type=click.Choice(tuple(NORMALISATIONS)),
    help="Of the first layers of parallel three-layer networks: "
    + "; ".join(f"{name}, {said}" for name, said in NORMALISATIONS.items())
    + f". With solve, of --program {NAME} (default: columns); certify takes NET for one of three "
    "layers where it is given.",
)


_DEPTH = click.option(
    "--depth",
    type=int,
    metavar="L",
    help=f"With --program {NARROW}: layers of weights. Default: {DEFAULT_DEPTH}; all above 3 have "
    "the same optimum.",
)


def takes_three_layers(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of problems of three layers and of narrow networks."""
    return _WIDTH(_NORMALISATION(_DEPTH(command)))


def takes_normalisation(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option that says how first layers are normalised."""
    return _NORMALISATION(command)


def refuse_beside(problem: str, refused: dict[str, Any]) -> None:
    """Refuse options that problems of three layers, or of narrow networks, do not have.

    Raises
    ------
    ConfigurationError
        If one is given.
    """
    for option, value in refused.items():
        if value not in (None, False):
            raise ConfigurationError(
                f"Expected no {option} for {problem}, got {value}; leave it out."
            )


def certify_subnetworks(
    data: tuple[str, str, int, tuple[str, ...], tuple[str, ...]],
    network_file: str,
    better: Path | None,
    as_json: bool,
    chosen: dict[str, Any],
) -> None:
    """Certify a network of three layers, print and write.

    Parameters
    ----------
    data : tuple
        DATA, the target, the seed, columns to drop and columns of classes.
    network_file : str
        NET.
    better : Path or None
        Where the best network known goes.
    as_json : bool
        Whether to print JSON.
    chosen : dict
        Arguments of `relaxgap.certify`.
    """
    argument, target, seed, drop, one_hot = data
    refuse_unwritable(better, "--better", ".npz")
    X, y, _ = load_labelled(argument, target, seed, "squared", drop, one_hot)
    chosen["loss"] = chosen["loss"] if is_given("loss") else None
    with options_named(), before_the_first_bracket(), bracket_line() as show:
        report = certify(network_file, X, y, seed=seed, on_progress=show, **chosen)
    assert isinstance(report, ThreeLayerReport)
    row = asdict(report.record)
    if as_json:
        click.echo(json.dumps(row, allow_nan=False))
    else:
        lines = [f"{name:21s} {value}" for name, value in row.items()]
        click.echo("\n".join([*lines, report.verdict]))
    if better is not None:
        write_bytes(better, "--better", archive_of(report.best_network.arrays))
    exit_if(report.stopped)
    exit_if_missed(report.status, report.relative_gap, report.rtol, "rtol")
