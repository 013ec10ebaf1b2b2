"""``relaxgap solve``."""

import json
import time
from pathlib import Path
from typing import get_args

import click
import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.cli.bracket_progress import exit_if
from relaxgap.cli.catalogue import OWN_SOLVERS
from relaxgap.cli.data_argument import DATA_HELP, load_data, takes_data, takes_limit
from relaxgap.cli.output_files import refuse_missing_folder, write_arrays
from relaxgap.cli.program_options import (
    bracket_sentence,
    choose_patterns,
    networks_of,
    takes_program,
)
from relaxgap.cli.solve_over_all import SolvedProgram, solve_over_all
from relaxgap.cli.strength import (
    MOST_BITS_ENUMERATED,
    chosen_strength,
    is_small,
    strength_over_all,
)
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.regularisation import PROGRAMS
from relaxgap.global_optimum.solver import GlobalSolver
from relaxgap.networks import to_network
from relaxgap.numerics.backend import Backend, BackendName, DtypeName
from relaxgap.patterns.counting import format_count
from relaxgap.problems import SplitBlocks
from relaxgap.solvers import ColumnGeneration, ConicSolver, Program, SemismoothNewton, Solver
from relaxgap.solvers.conic import ConicName

SOLVERS = (*OWN_SOLVERS, *get_args(ConicName))
DEFAULT_SOLVER = "semismooth_newton"


@click.command("solve", epilog=DATA_HELP)
@takes_data
@takes_limit
@takes_program
@click.option("--beta", type=float, help="Regularisation strength, absolute.")
@click.option(
    "--beta-fraction",
    type=float,
    help="Regularisation strength as a fraction of the program's beta_max, which is found by local "
    "ascent where the patterns are too many to enumerate.",
)
@click.option(
    "--solver",
    type=click.Choice(SOLVERS),
    help="Default: semismooth_newton, and for relu over all patterns where they are too many to "
    "enumerate, a bracket that needs no list of them. The conic solvers are references: they see "
    "every pattern at once.",
)
@click.option(
    "--time-limit",
    type=float,
    default=300.0,
    show_default=True,
    help="Seconds for --patterns all on arrangements too large to enumerate, with --program relu "
    "and no --solver.",
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
    solver: str | None,
    rtol: float,
    time_limit: float,
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
    global optimum of two-layer ReLU training. Where the patterns are too many to enumerate, the
    bound is proven without a list of them, n_patterns is Cover's count, and --limit, which holds
    for gated programs and named solvers, does not apply.
    """
    strength = chosen_strength(beta, beta_fraction, program)
    if strength is None:
        raise ConfigurationError(
            "Expected --beta or --beta-fraction, got neither; try --beta-fraction 0.1."
        )
    arrays = Backend(backend, device, dtype)
    method = _solver(solver or DEFAULT_SOLVER, rtol, arrays)
    bracketing = GlobalSolver(rtol, time_limit, seed=seed)
    refuse_missing_folder(out, "--out")
    dataset = load_data(data, target, seed)
    over_all = solver is None and program == "relu" and pattern_choice == "all"
    with threadpool_limits(limits=threads):
        if over_all and not is_small(dataset):
            if arrays != Backend():
                raise _unsupported("patterns too many to enumerate", arrays)
            solved = solve_over_all(bracketing, dataset, strength_over_all(strength, dataset))
        else:
            most = max(limit, MOST_BITS_ENUMERATED) if over_all else limit
            patterns = choose_patterns(pattern_choice, dataset, most, seed)
            problem = PROGRAMS[program](dataset, patterns, strength.resolve(dataset, patterns))
            solved = _solve(method, problem, solver or DEFAULT_SOLVER, program)
    row = solved.row | {"threads": threads, "program": program}
    if out is not None:
        write_arrays(out, "--out", **solved.arrays)
    if as_json:
        click.echo(json.dumps(row))
    else:
        if isinstance(count := row["n_patterns"], int) and count >= 10**18:
            row["n_patterns"] = format_count(count)
        click.echo("\n".join(f"{name:19s} {value}" for name, value in row.items()))
        click.echo(solved.verdict)
    exit_if(solved.stopped)


def _solver(name: str, rtol: float, backend: Backend) -> Solver:
    if name == DEFAULT_SOLVER:
        return SemismoothNewton(rtol, backend=backend)
    if backend != Backend():
        raise _unsupported(f"--solver {name}", backend)
    return ColumnGeneration(rtol) if name == "column_generation" else ConicSolver(name, rtol)  # type: ignore[arg-type]


def _unsupported(work: str, backend: Backend) -> ConfigurationError:
    return ConfigurationError(
        f"Expected numpy, cpu and float64 for {work}, got {backend.name}, {backend.device} and "
        f"{backend.dtype}; take --solver semismooth_newton."
    )


def _solve(method: Solver, problem: Program, solver: str, program: str) -> SolvedProgram:
    start = time.perf_counter()
    solution = method.solve(problem)
    seconds = time.perf_counter() - start
    patterns, point = problem.patterns, solution.point
    row = {
        "status": str(solution.status),
        "primal_value": solution.certificate.primal_value,
        "dual_value": solution.certificate.dual_value,
        "relative_gap": solution.certificate.relative_gap,
        "n_patterns": patterns.n_patterns,
        "complete": patterns.complete,
        "certificate": "enumeration" if patterns.complete else "chosen_patterns",
        "active_blocks": point.active_blocks,
        "max_cone_violation": problem.max_cone_violation(point),  # type: ignore[arg-type]
        "solver": solver,
        "n_iterations": solution.n_iterations,
        "solve_seconds": seconds,
        "beta": problem.beta,
    }
    if isinstance(point, SplitBlocks):
        network = to_network(point)
        arrays = {"hidden": network.hidden, "output": network.output}
    else:
        active = np.flatnonzero(np.any(point.w != 0.0, axis=1))
        arrays = {"gates": patterns.gates[active], "weights": point.w[active]}
    sentence = bracket_sentence(solution.certificate, networks_of(program, patterns))
    return SolvedProgram(row, arrays, sentence)
