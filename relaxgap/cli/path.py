"""``relaxgap path``: one program at many regularisation strengths, each from the last solution."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from threadpoolctl import threadpool_limits

from relaxgap.certificates import beta_max
from relaxgap.certificates.prices.cones import magnitude
from relaxgap.cli.data_argument import DATA_HELP, load_data, takes_data, takes_limit
from relaxgap.cli.program_options import choose_patterns, networks_of, takes_program
from relaxgap.cli.session import InterruptedRunError
from relaxgap.drawing.regularisation_path import CSV_NAME, draw_path
from relaxgap.errors import ConfigurationError, DataError, RelaxgapError
from relaxgap.experiments.parts.regularisation import PROGRAMS
from relaxgap.numerics.backend import Backend, BackendName, DtypeName
from relaxgap.numerics.writing import write_text
from relaxgap.problems import GatedBlocks
from relaxgap.solvers import Program, SemismoothNewton, Solution, Status

SMALLEST_FRACTION = 1e-12
"""Below it the optimum drowns in the rounding of its own certificate."""
ZERO_PRICE = 1e-10
"""Relative size below which ``beta_max``, rounded up as it is, may be nothing but rounding."""


@dataclass(frozen=True, slots=True)
class PathPoint:
    """Hold a row of the table: ``primal_value`` is ``loss + beta * penalty``, rounded up."""

    beta: float
    beta_fraction: float
    loss: float
    penalty: float
    active_blocks: int
    primal_value: float
    dual_value: float
    relative_gap: float
    n_iterations: int
    status: str


@click.command("path", epilog=DATA_HELP)
@takes_data
@takes_limit
@takes_program
@click.option(
    "--points",
    "n_points",
    type=int,
    default=30,
    show_default=True,
    help="Strengths to solve for, on a geometric grid; at least 2.",
)
@click.option(
    "--smallest-fraction",
    type=float,
    default=1e-3,
    show_default=True,
    help="Where the grid ends, as a fraction of beta_max, from 1e-12; it starts at beta_max.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    help="Existing folder for path.csv, path.png and path.pdf.",
)
def path_command(
    data: str,
    target: str,
    limit: int,
    seed: int,
    program: str,
    pattern_choice: str,
    rtol: float,
    threads: int,
    backend: BackendName,
    device: str,
    dtype: DtypeName,
    n_points: int,
    smallest_fraction: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Solve DATA along the regularisation path, from beta_max down, with a proof at each point.

    beta_max is the least strength at which the zero network is optimal; every later point starts
    from the last one. The optimum lies between dual_value and primal_value, which is loss + beta *
    penalty: loss is 1/2 |fit - y|^2, penalty the sum of the norms of the blocks. Over all patterns
    (complete = true) and with cones it is the global optimum of two-layer ReLU training.
    active_blocks is of the point found; others of the same value may have more or fewer.

    After Ctrl-C or an error the points so far are printed and written, with exit code 1.
    """
    if n_points < 2:
        raise ConfigurationError(f"Expected --points >= 2, got {n_points}; try 30.")
    if not SMALLEST_FRACTION <= smallest_fraction < 1.0:
        raise ConfigurationError(
            f"Expected --smallest-fraction from {SMALLEST_FRACTION:g} to below 1, got "
            f"{smallest_fraction}; try 1e-3."
        )
    if out is not None and not out.is_dir():
        raise ConfigurationError(
            f"Expected --out to be an existing folder, got {out}; create it first."
        )
    method = SemismoothNewton(rtol, backend=Backend(backend, device, dtype))
    dataset = load_data(data, target, seed)
    patterns = choose_patterns(pattern_choice, dataset, limit, seed)
    largest = beta_max(dataset, patterns, PROGRAMS[program])
    if largest <= ZERO_PRICE * magnitude(dataset.X, dataset.y):
        raise DataError(
            "Expected data with beta_max > 0, got beta_max = 0 up to rounding: zero is optimal at "
            "every beta; change the data or the patterns."
        )
    fractions = np.geomspace(1.0, smallest_fraction, n_points).tolist()
    problem = PROGRAMS[program](dataset, patterns, largest)
    with threadpool_limits(limits=threads):
        path, seconds, stopped = _follow(method, problem, fractions, out)
    facts = {
        "n_patterns": patterns.n_patterns,
        "complete": patterns.complete,
        "program": program,
        "beta_max": largest,
        "solver": "semismooth_newton",
        "rtol": rtol,
        "threads": threads,
        "n_points": n_points,
        "solve_seconds": seconds,
    }
    if as_json:
        click.echo(json.dumps(facts | {"rows": [asdict(point) for point in path]}))
    elif path:
        click.echo(_table(path) + "\n")
        click.echo("\n".join(f"{name:13s} {value}" for name, value in facts.items()))
        click.echo(_verdict(path, networks_of(program, patterns)))
    if out is not None and path:
        written = [_write_csv(out, path), *draw_path(out)]
        if not as_json:
            click.echo("\n".join(["", "written:", *(f"  {file}" for file in written)]))
    if stopped:
        raise InterruptedRunError(
            f"{stopped} after {len(path)} of {n_points} points; what is finished is kept."
        )


def _follow(
    method: SemismoothNewton, program: Program, fractions: Sequence[float], out: Path | None
) -> tuple[list[PathPoint], float, str]:
    """Solve from ``program.beta`` down; return the points, the seconds and what ended it early."""
    path: list[PathPoint] = []
    seconds = 0.0
    betas = [fraction * program.beta for fraction in fractions]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("path", total=len(betas))
        try:
            solutions = method.solve_path(program, betas)
            for beta, fraction in zip(betas, fractions, strict=True):
                progress.update(task, description=f"beta = {beta:.3g}")
                start = time.perf_counter()
                solution = next(solutions)
                seconds += time.perf_counter() - start
                path.append(_point(program, beta, fraction, solution))
                if out is not None:
                    _write_csv(out, path)
                progress.advance(task)
        except KeyboardInterrupt:
            return path, seconds, "interrupted"
        except (RelaxgapError, ArithmeticError, MemoryError, ValueError) as error:
            # a breakdown at one strength must not take the others with it
            return path, seconds, f"stopped by {error!r}"
    return path, seconds, ""


def _point(program: Program, beta: float, fraction: float, solution: Solution) -> PathPoint:
    point, certificate = solution.point, solution.certificate
    residual = program.data.y - program.fit(point)  # type: ignore[arg-type]
    blocks = (point.w,) if isinstance(point, GatedBlocks) else (point.u, point.v)
    return PathPoint(
        beta=beta,
        beta_fraction=fraction,
        loss=0.5 * float(residual @ residual),
        penalty=sum(float(np.linalg.norm(w, axis=1).sum()) for w in blocks),
        active_blocks=point.active_blocks,
        primal_value=certificate.primal_value,
        dual_value=certificate.dual_value,
        relative_gap=certificate.relative_gap,
        n_iterations=solution.n_iterations,
        status=str(solution.status),
    )


def _write_csv(folder: Path, path: Sequence[PathPoint]) -> Path:
    file = folder / CSV_NAME
    write_text(file, pd.DataFrame(path).to_csv(index=False, lineterminator="\n"))
    return file


def _table(path: Sequence[PathPoint]) -> str:
    digits = {"primal_value": 9, "dual_value": 9, "relative_gap": 2}
    frame = pd.DataFrame(path)
    for name in frame.select_dtypes("float"):
        frame[name] = frame[name].map(f"{{:.{digits.get(str(name), 6)}g}}".format)
    return frame.to_string(index=False)


def _verdict(path: Sequence[PathPoint], networks: str) -> str:
    widest = max(point.relative_gap for point in path)
    missed = sum(point.status != Status.SOLVED for point in path)
    said = (
        f"Every optimum over {networks} lies in its bracket [dual_value, primal_value]; the "
        f"widest is {100.0 * widest:.2g}% of its primal_value."
    )
    return f"{said} {missed} of {len(path)} points did not reach rtol." if missed else said
