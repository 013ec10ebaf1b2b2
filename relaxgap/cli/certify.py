"""``relaxgap certify``."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click
import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.cli.bracket_progress import exit_if, follow
from relaxgap.cli.certified_network import BetaSource, CertifiedNetwork, certified_network
from relaxgap.cli.certify_report import report_page
from relaxgap.cli.certify_verdict import remarks, verdict
from relaxgap.cli.data_argument import DATA_HELP, load_data, takes_data
from relaxgap.cli.output_files import refuse_missing_folder, write_arrays, write_bytes
from relaxgap.cli.strength import chosen_strength, strength_over_all
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.regularisation import ProgramRegularisation
from relaxgap.global_optimum.solver import CertificateName, GlobalSolver
from relaxgap.networks import (
    LoadedNetwork,
    TwoLayerNetwork,
    implied_beta,
    load_network,
    with_ones_column,
)


@click.command("certify", epilog=DATA_HELP)
@takes_data
@click.option(
    "--network",
    "network_file",
    required=True,
    metavar="NET",
    help="A .npz with hidden (m, d) and output (m,), perhaps hidden_bias (m,), or the state_dict "
    "of Linear, ReLU, Linear as .pt.",
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
    "many to enumerate, it is found by local ascent.",
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
    type=click.Choice(get_args(CertificateName)),
    default="auto",
    show_default=True,
    help="How to prove the lower bound.",
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
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page to read or print, REPORT.html.",
)
@click.option(
    "--better",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the best network known, as .npz: NET itself if none is better.",
)
def certify_command(
    data: str,
    target: str,
    seed: int,
    network_file: str,
    beta: float | None,
    beta_fraction: float | None,
    rtol: float,
    time_limit: float,
    certificate: str,
    threads: int,
    out: Path | None,
    better: Path | None,
    as_json: bool,
) -> None:
    """Say how far a trained two-layer ReLU network is from the best one of any width, with proof.

    The training loss is 1/2 |f(X) - y|^2 + beta/2 (sum of the squares of all weights), summed
    over the n samples of DATA: for a PyTorch network trained with MSELoss and weight_decay = w
    (not AdamW) beta is n w / 2. The lower bound holds for networks of every width; certified_ratio
    is network_value over it. Hidden biases count as weights on a column of ones; an output bias is
    refused.

    After Ctrl-C or an error the bracket so far is printed and written, with exit code 1.
    """
    solver = GlobalSolver(rtol, time_limit, certificate, seed=seed)
    strength = chosen_strength(beta, beta_fraction)
    refuse_missing_folder(out, "--out")
    refuse_missing_folder(better, "--better")
    dataset = load_data(data, target, seed)
    loaded = load_network(network_file, dataset)
    if loaded.has_bias:
        dataset = with_ones_column(dataset)
    with threadpool_limits(limits=threads):
        absolute, source = _beta(strength, loaded.network, dataset)
        followed = follow(solver, dataset, absolute, loaded.network)
        report = certified_network(loaded, dataset, absolute, source, solver, followed, threads)
    _print(report, as_json)
    if better is not None:
        best = followed.solution.network if report.better_network_found else loaded.network
        _write_network(better, LoadedNetwork(best, loaded.has_bias))
    if out is not None:
        page = report_page(network_file, data, report, followed.history)
        write_bytes(out, "--out", page.encode("utf-8"))
    if not as_json and (written := [path for path in (better, out) if path is not None]):
        click.echo("\n".join(["", "written:", *(f"  {path}" for path in written)]))
    exit_if(followed.stopped or "interrupted" * (report.n_improving_patterns is None))


def _beta(
    strength: ProgramRegularisation | None, network: TwoLayerNetwork, data: Dataset
) -> tuple[float, BetaSource]:
    """Return beta and where it came from; refuse one at which the network has no loss."""
    if strength is None:
        return implied_beta(network, data), "implied"
    beta = strength_over_all(strength, data)
    with np.errstate(over="ignore", invalid="ignore"):
        value = network.training_loss(data, beta)
    if not math.isfinite(value):
        raise ConfigurationError(
            f"Expected a beta at which the training loss is a finite float64, got {beta:g} and a "
            f"loss of {value}; lower beta."
        )
    return beta, "given" if strength.beta_fraction is None else "fraction"


def _print(report: CertifiedNetwork, as_json: bool) -> None:
    row = asdict(report)
    if as_json:
        click.echo(json.dumps(row, allow_nan=False))
        return
    width = max(map(len, row)) + 1
    click.echo("\n".join(f"{name:{width}s} {value}" for name, value in row.items()))
    click.echo("\n".join([*remarks(report), verdict(report)]))


def _write_network(path: Path, best: LoadedNetwork) -> None:
    hidden, output = best.network.hidden, best.network.output
    arrays = {"hidden": hidden, "output": output}
    if best.has_bias:
        arrays = {"hidden": hidden[:, :-1], "hidden_bias": hidden[:, -1], "output": output}
    write_arrays(path, "--better", **arrays)
