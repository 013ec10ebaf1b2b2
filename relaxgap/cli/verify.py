"""``relaxgap verify``."""

import json
import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from relaxgap.claims.claim import Number
from relaxgap.claims.registry import CLAIMS
from relaxgap.cli.data_argument import load_data, takes_columns
from relaxgap.cli.shown_text import printable
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.numerics.writing import write_text
from relaxgap.runner.nearest import unknown

BROKEN = 3
RESULTS = "results"
CONSTANTS = "constants"


@click.command("verify")
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option(
    "--scale",
    type=click.Choice(["ci", "default", "full"]),
    default="default",
    show_default=True,
    help="Of the experiments that claims are judged by.",
)
@click.option("--results-dir", default=RESULTS, show_default=True)
@click.option("--run", "missing", is_flag=True, help="Run experiments that have no results yet.")
@click.option("--data", help="Evaluate one claim on DATA instead, as `relaxgap solve` names it.")
@click.option("--target", default="y", show_default=True, help="Name of the labels in a file.")
@takes_columns
@click.option("--gates", help="A .npz file with gates (P, d), and a direction (d,) if asked for.")
@click.option("--beta", type=float, help="With --data; default: 0.1 beta_max.")
@click.option("--c", "aspect_ratio", type=float, help="For `verify constants`: c = n/d.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_command(
    claims: tuple[str, ...],
    scale: str,
    results_dir: str,
    missing: bool,
    data: str | None,
    target: str,
    drop: tuple[str, ...],
    one_hot: tuple[str, ...],
    gates: str | None,
    beta: float | None,
    aspect_ratio: float | None,
    seed: int,
    as_json: bool,
) -> None:
    """Check the paper's claims against results, or one of them on your own DATA.

    Without --data each claim is judged by the summary of its experiment, or on drawn instances if
    it has none. With --data its hypotheses, both sides and every quantity on the way are computed
    for one instance; without --gates those are 8 log n Gaussian ones. `relaxgap verify constants
    --c 2` prints the constants at n/d = 2.

    Exit code 3: a claim that should hold does not. (A2) is an assumption, and no reason for it.
    """
    if data is None and (drop or one_hot):
        raise ConfigurationError(
            "Expected --data with --drop or --one-hot, got none; give DATA, or leave them out."
        )
    _refuse_what_would_be_ignored(data, aspect_ratio, claims == (CONSTANTS,), gates, beta, missing)
    if claims == (CONSTANTS,):
        _print_constants(aspect_ratio, as_json)
        return
    for name in claims:
        if name not in CLAIMS:
            raise ConfigurationError(
                unknown("claim", name, CLAIMS, "`relaxgap explain` lists them.")
            )
    if data is not None:
        dataset = load_data(data, target, seed, drop, one_hot)
        _evaluate(claims, (dataset, gates, beta, seed, _is_gaussian(data)), as_json)
        return
    if results_dir != RESULTS and not missing and not Path(results_dir).is_dir():
        raise DataError(
            f"{results_dir}: Expected a folder of results, got none; give another --results-dir, "
            "or --run."
        )
    _judge(claims or tuple(CLAIMS), scale, Path(results_dir), missing, as_json)


def _refuse_what_would_be_ignored(
    data: str | None,
    aspect_ratio: float | None,
    is_constants: bool,
    gates: str | None,
    beta: float | None,
    missing: bool,
) -> None:
    """Refuse options of another of the three things that the command does."""
    if aspect_ratio is not None and not is_constants:
        raise ConfigurationError(
            f"Expected --c with `verify {CONSTANTS}` only, got it beside claims; leave it out."
        )
    if is_constants and data is not None:
        raise ConfigurationError(
            f"Expected no --data with `verify {CONSTANTS}`, got {data!r}; leave it out."
        )
    if data is not None and missing:
        raise ConfigurationError("Expected --data or --run, got both; leave one out.")
    if data is None and (gates is not None or beta is not None):
        raise ConfigurationError("Expected --data with --gates or --beta, got none; give DATA.")


def _print_constants(aspect_ratio: float | None, as_json: bool) -> None:
    from relaxgap.claims.constants import constants

    if aspect_ratio is None:
        raise ConfigurationError("Expected --c, the aspect ratio n/d, got none; try --c 2.")
    row = {name: _finite(value) for name, value in constants(aspect_ratio).items()}
    click.echo(json.dumps(row) if as_json else "\n".join(f"{k:18s} {v}" for k, v in row.items()))


def _is_gaussian(data: str) -> bool:
    """Whether DATA is drawn as (A1) asks."""
    name, _, settings = data.partition(":")
    return name.startswith("gaussian") and not Path(data).exists() and "normalize" not in settings


def _evaluate(claims: tuple[str, ...], instance: tuple[Any, ...], as_json: bool) -> None:
    """Print what one claim says of one instance; exit 3 if it does not hold where it should."""
    from relaxgap.claims.given import instance_of

    claim = CLAIMS[claims[0]] if len(claims) == 1 else None
    if claim is None or claim.evaluate is None:
        able = ", ".join(name for name, claim in CLAIMS.items() if claim.evaluate)
        raise ConfigurationError(
            f"Expected one claim that can be evaluated on data, got {' '.join(claims) or 'none'}; "
            f"choose one of {able}."
        )
    found = claim.evaluate(instance_of(*instance))
    row = {
        "claim": claim.name,
        "holds": found.holds,
        "applies": found.applies,
        "left": _finite(found.left),
        "right": _finite(found.right),
        "hypotheses": {item.statement: item.holds for item in found.hypotheses},
        **{name: _finite(value) for name, value in found.quantities.items()},
    }
    if as_json:
        click.echo(json.dumps(row))
    else:
        lines = [f"{claim.source}: {claim.formula}"]
        lines += [
            f"  {'holds' if item.holds else 'fails'}: {item.statement}" for item in found.hypotheses
        ]
        hidden = ("claim", "hypotheses")
        lines += [f"{name:22s} {value}" for name, value in row.items() if name not in hidden]
        click.echo("\n".join(lines))
    if found.applies and not found.holds:
        sys.exit(BROKEN)


def _finite(value: Number) -> Number:
    """Return a number that JSON has, or None."""
    return value if value is None or math.isfinite(value) else None


def _judge(names: tuple[str, ...], scale: str, results: Path, missing: bool, as_json: bool) -> None:
    """Print the verdict on each claim; write the table beside the results."""
    from relaxgap.claims.judging import judged

    rows = []
    for name in names:
        claim = CLAIMS[name]
        if missing and claim.experiment:
            _run(claim.experiment, scale, results)
        rows.append(judged(claim, scale, results))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
    else:
        width = max(len(row.claim) for row in rows)
        for row in rows:
            said = f"{row.outcome}" + (f" ({row.n_instances})" if row.n_instances else "")
            click.echo(f"{row.claim:{width}s}  {said}: {row.detail}")
            if row.figure:
                click.echo(f"{'':{width}s}  {printable(row.figure)}")
    if len(names) == len(CLAIMS) and results.is_dir():
        write_text(
            results / ("claims.csv" if scale == "default" else f"claims_{scale}.csv"), _csv(rows)
        )
    if any(row.is_broken for row in rows):
        sys.exit(BROKEN)


def _run(experiment: str, scale: str, results: Path) -> None:
    from relaxgap.claims.judging import summary_path
    from relaxgap.cli.run import run_jobs

    if not summary_path(experiment, scale, results).is_file():
        chosen = [f"experiment={experiment}", f"runner.results_dir={results}"]
        run_jobs([*chosen, *([] if scale == "default" else [f"scale={scale}"])])


def _csv(rows: Any) -> str:
    import pandas as pd

    text: str = pd.DataFrame([asdict(row) for row in rows]).to_csv(index=False)
    return text
