"""``relaxgap solve``."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from relaxgap.analysis.held_out import HeldOut
from relaxgap.analysis.solved_program import SolveResult
from relaxgap.analysis.solving import BRACKET_SECONDS, solve
from relaxgap.cli.accuracy import exit_if_missed
from relaxgap.cli.data_argument import (
    DATA_HELP,
    load_labelled,
    takes_columns,
    takes_data,
    takes_limit,
    takes_loss,
)
from relaxgap.cli.held_out_rows import parted, takes_held_out, tested_or_why_not
from relaxgap.cli.interruption import before_the_first_bracket, exit_if
from relaxgap.cli.option_words import options_named
from relaxgap.cli.output_files import refuse_unwritable, write_bytes, write_network
from relaxgap.cli.program_options import (
    refuse_two_strengths,
    takes_biases,
    takes_program,
    takes_workers,
)
from relaxgap.cli.progress import bracket_line
from relaxgap.cli.remarks import in_options, say
from relaxgap.cli.several_outputs import several_labels, takes_several_outputs
from relaxgap.cli.three_layers import refuse_beside, takes_three_layers
from relaxgap.errors import ConfigurationError
from relaxgap.networks.saving import archive_of
from relaxgap.numerics.backend import Backend, BackendName, DtypeName
from relaxgap.patterns.counting import format_count
from relaxgap.problems.biases import Biases
from relaxgap.problems.losses import SQUARED
from relaxgap.problems.one_column import NAME as NARROW
from relaxgap.problems.three_layer import NAME as THREE_LAYER
from relaxgap.solvers.base import Status
from relaxgap.solvers.kinks.rounds import KINKS
from relaxgap.solvers.registry import DEFAULT, NAMES
from relaxgap.solvers.three_layer.methods import INTERIOR, SELECTIONS
from relaxgap.solvers.vector.methods import METHODS

DEEPER = {THREE_LAYER: "three layers", NARROW: "narrow networks"}
"""Programs whose networks have layers that a file of two has no place for."""


@click.command("solve", epilog=DATA_HELP)
@takes_data
@takes_loss
@takes_columns
@takes_limit
@takes_program
@takes_workers
@takes_biases
@takes_several_outputs
@takes_three_layers
@takes_held_out
@click.option("--beta", type=float, help="Regularisation strength, absolute.")
@click.option(
    "--beta-fraction",
    type=float,
    help="Regularisation strength as a fraction of the program's beta_max, which is found by local "
    "ascent where the patterns are too many to enumerate, and among the gates where they are too "
    "many to price in time: from below, and the further below the shorter --time-limit is.",
)
@click.option(
    "--solver",
    type=click.Choice((*NAMES, *METHODS, SELECTIONS, INTERIOR, KINKS)),
    help=f"Default: {DEFAULT}, and for relu over all patterns where they are too many to "
    "enumerate, a bracket that needs no list of them. The conic solvers are references: they see "
    f"every pattern at once. Of several outputs: {', '.join(METHODS)}, what proves the bound. Of "
    f"three layers: {SELECTIONS}, and {INTERIOR} over sampled patterns. Of one column with free "
    f"biases: {KINKS}.",
)
@click.option(
    "--time-limit",
    type=float,
    help=f"Seconds. Default: {BRACKET_SECONDS:g} over all patterns where they are too many to "
    "enumerate, with --program relu and no --solver; otherwise none.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the network: as .npz, which certify and predict read with its beta, loss, scaling, "
    "biases and columns; or as .pt, a state_dict of PyTorch that takes raw rows.",
)
@click.option(
    "--minimal",
    is_flag=True,
    help="Merge and prune its neurons: at most as many as samples, of no larger loss.",
)
def solve_command(
    data: str,
    target: str,
    seed: int,
    drop: tuple[str, ...],
    one_hot: tuple[str, ...],
    one_hot_target: bool,
    patches: int | None,
    backend: BackendName,
    device: str,
    dtype: DtypeName,
    test_fraction: float | None,
    test_file: str | None,
    out: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Train a network on DATA by convex optimisation and say how good it is.

    The lower bound is one of the program solved; with all patterns (complete = true) that is the
    global optimum of two-layer ReLU training. Where the patterns are too many to enumerate, the
    bound is proven without a list of them, n_patterns is Cover's count, and --limit, which holds
    for gated programs and named solvers, does not apply.

    A gap wider than --rtol is said on standard error, with exit code 4; with code 0 where
    --time-limit was given and ran out.
    """
    refuse_two_strengths(chosen["beta"], chosen["beta_fraction"])
    if chosen["beta"] is None and chosen["beta_fraction"] is None:
        raise ConfigurationError(
            "Expected --beta or --beta-fraction, got neither; try --beta-fraction 0.1."
        )
    refuse_unwritable(out, "--out", ".npz", ".pt")
    arrays = Backend(backend, device, dtype)
    if chosen["program"] in DEEPER:
        problem = DEEPER[chosen["program"]]
        refuse_beside(
            problem,
            {
                "--test-fraction": test_fraction,
                "--test": test_file,
                "--one-hot-target": one_hot_target,
                "--patches": patches,
            },
        )
        loss = chosen["loss"] if chosen["program"] == NARROW else SQUARED.name
        labelled = load_labelled(data, target, seed, loss, drop, one_hot)
        _solve_deeper(labelled[:2], seed, arrays, out, as_json, chosen)
        return
    several = several_labels(
        data,
        target,
        chosen["program"],
        one_hot_target,
        patches,
        drop,
        one_hot,
        {"--test": test_file},
    )
    outputs: tuple[str, ...] = ()
    if several is None:
        X, y, columns = load_labelled(data, target, seed, chosen["loss"], drop, one_hot)
    else:
        X, y, columns, outputs = several.X, several.Y, several.columns, several.names
    with options_named(), before_the_first_bracket(), bracket_line() as show:
        X, y, test = parted(X, y, columns, test_fraction, test_file, seed)
        result = solve(X, y, seed=seed, backend=arrays, on_progress=show, **chosen)
    if outputs:
        result = replace(result, remarks=(f"Outputs in order: {', '.join(outputs)}.",))
    say(result.remarks)
    tested, failure = tested_or_why_not(test, result.fitted, result.loss, result.classes)
    click.echo(_json(result, tested) if as_json else _text(result, tested))
    if out is not None:
        write_network(out, "--out", result.fitted.of_columns(columns, outputs))
    if failure is not None:
        raise failure
    exit_if(result.stopped)
    exit_if_missed(result.status, result.relative_gap, chosen["rtol"])


def _solve_deeper(
    data: tuple[Any, Any],
    seed: int,
    arrays: Backend,
    out: Path | None,
    as_json: bool,
    chosen: dict[str, Any],
) -> None:
    """Solve, print and write networks of three layers, or narrow ones."""
    refuse_unwritable(out, "--out", ".npz")
    with options_named(), before_the_first_bracket(), bracket_line() as show:
        result = solve(*data, seed=seed, backend=arrays, on_progress=show, **chosen)
    click.echo(_json(result, None) if as_json else _text(result, None))
    if out is not None:
        write_bytes(out, "--out", archive_of(result.network.arrays))
    exit_if(result.stopped)
    exit_if_missed(result.status, result.relative_gap, chosen["rtol"])


def _json(result: SolveResult, tested: HeldOut | None) -> str:
    facts = asdict(result.record) | ({} if tested is None else tested.known)
    said = {"remarks": [*map(in_options, result.remarks)]}
    return json.dumps(facts | said, allow_nan=False)


def _text(result: SolveResult, tested: HeldOut | None) -> str:
    row = asdict(result.record)
    if isinstance(count := row["n_patterns"], int) and count >= 10**18:
        row["n_patterns"] = format_count(count)
    lines = [f"{name:19s} {value}" for name, value in row.items()]
    if result.status is not Status.SOLVED:
        lines.append(result.status.sentence)
    biases = Biases(result.hidden_bias, result.output_bias)
    said = [result.sentence, biases.sentence, result.class_sentence]
    return "\n".join([*lines, *filter(None, said), *([tested.sentence] if tested else [])])
