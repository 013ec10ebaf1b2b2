"""``relaxgap solve``."""

import json
import time
from pathlib import Path
from typing import Any, get_args

import click
import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.cli.catalogue import OWN_SOLVERS
from relaxgap.cli.data_argument import DATA_HELP, load_data, takes_data
from relaxgap.cli.program_options import choose_patterns, networks_of, takes_program
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.specs import PROGRAMS, Regularisation
from relaxgap.networks import to_network
from relaxgap.patterns import PatternSet
from relaxgap.programs import SplitBlocks
from relaxgap.runner.store import StorageError
from relaxgap.solvers import (
    ColumnGeneration,
    ConicSolver,
    Point,
    SemismoothNewton,
    Solution,
    Solver,
)
from relaxgap.solvers.backend import Backend, BackendName, DtypeName
from relaxgap.solvers.conic import ConicName

SOLVERS = (*OWN_SOLVERS, *get_args(ConicName))


@click.command("solve", epilog=DATA_HELP)
@takes_data
@takes_program
@click.option("--beta", type=float, help="Regularisation strength, absolute.")
@click.option(
    "--beta-fraction",
    type=float,
    help="Regularisation strength as a fraction of the program's beta_max.",
)
@click.option(
    "--solver",
    type=click.Choice(SOLVERS),
    default="semismooth_newton",
    show_default=True,
    help="The conic solvers are references: they see every pattern at once.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the network: hidden (m, d) and output (m,); gates and weights if gated.",
)
def solve_command(
    data: str,
    beta: float | None,
    beta_fraction: float | None,
    program: str,
    pattern_choice: str,
    solver: str,
    rtol: float,
    target: str,
    limit: int,
    seed: int,
    threads: int,
    backend: BackendName,
    device: str,
    dtype: DtypeName,
    out: Path | None,
    as_json: bool,
) -> None:
    """Train a network on DATA by convex optimisation and say how good it is.

    The lower bound is one of the program solved; with all patterns (complete = true) that is the
    global optimum of two-layer ReLU training.
    """
    if beta is None and beta_fraction is None:
        raise ConfigurationError(
            "Expected --beta or --beta-fraction, got neither; try --beta-fraction 0.1."
        )
    if beta is not None and beta_fraction is not None:
        raise ConfigurationError(
            f"Expected one of --beta and --beta-fraction, got {beta} and {beta_fraction}; drop one."
        )
    strength = Regularisation(beta, beta_fraction, program)
    method = _solver(solver, rtol, Backend(backend, device, dtype))
    if out is not None and not out.parent.is_dir():
        raise ConfigurationError(
            f"Expected --out in an existing folder, got {out}; create {out.parent} first."
        )
    dataset = load_data(data, target, seed)
    patterns = choose_patterns(pattern_choice, dataset, limit, seed)
    problem = PROGRAMS[program](dataset, patterns, strength.resolve(dataset, patterns))
    start = time.perf_counter()
    with threadpool_limits(limits=threads):
        solution = method.solve(problem)
    seconds = time.perf_counter() - start
    row = {
        "status": str(solution.status),
        "primal_value": solution.certificate.primal_value,
        "dual_value": solution.certificate.dual_value,
        "relative_gap": solution.certificate.relative_gap,
        "n_patterns": patterns.n_patterns,
        "complete": patterns.complete,
        "active_blocks": solution.point.active_blocks,
        "max_cone_violation": problem.max_cone_violation(solution.point),  # type: ignore[arg-type]
        "solver": solver,
        "n_iterations": solution.n_iterations,
        "solve_seconds": seconds,
        "threads": threads,
        "program": program,
        "beta": problem.beta,
    }
    if out is not None:
        _write(out, solution.point, patterns)
    if as_json:
        click.echo(json.dumps(row))
        return
    click.echo("\n".join(f"{name:19s} {value}" for name, value in row.items()))
    click.echo(_verdict(solution, patterns, program))


def _solver(name: str, rtol: float, backend: Backend) -> Solver:
    if name == "semismooth_newton":
        return SemismoothNewton(rtol, backend=backend)
    if backend != Backend():
        raise ConfigurationError(
            f"Expected numpy, cpu and float64 for --solver {name}, got {backend.name}, "
            f"{backend.device} and {backend.dtype}; take --solver semismooth_newton."
        )
    return ColumnGeneration(rtol) if name == "column_generation" else ConicSolver(name, rtol)  # type: ignore[arg-type]


def _write(out: Path, point: Point, patterns: PatternSet) -> None:
    if isinstance(point, SplitBlocks):
        network = to_network(point)
        arrays: dict[str, Any] = {"hidden": network.hidden, "output": network.output}
    else:
        active = np.flatnonzero(np.any(point.w != 0.0, axis=1))
        arrays = {"gates": patterns.gates[active], "weights": point.w[active]}
    try:
        with out.open("wb") as stream:
            np.savez(stream, **arrays)
    except OSError as error:
        raise StorageError(
            f"Expected to write {out}, got {error.strerror}; choose another --out."
        ) from error


def _verdict(solution: Solution, patterns: PatternSet, program: str) -> str:
    certificate = solution.certificate
    return (
        f"The optimum over {networks_of(program, patterns)} lies in "
        f"[{certificate.dual_value:.9g}, {certificate.primal_value:.9g}]: this one is at most "
        f"{100.0 * certificate.relative_gap:.2g}% above it."
    )
