"""What ``solve`` and ``path`` share: the program to solve, how well, and over which patterns.

Each option has the name of the argument of the verb that it becomes.
"""

from collections.abc import Callable
from typing import get_args

import click

from relaxgap.errors import ConfigurationError
from relaxgap.numerics.backend import BackendName, DtypeName
from relaxgap.problems import PROGRAMS
from relaxgap.problems.biases import PENALISED
from relaxgap.problems.one_column import NAME as NARROW
from relaxgap.problems.three_layer import NAME as THREE_LAYER
from relaxgap.problems.vector_output import NAME as VECTOR

_OF_ONE_OUTPUT = click.option(
    "--program",
    type=click.Choice(sorted(PROGRAMS)),
    default="relu",
    show_default=True,
    help="With cones (relu), or its relaxation without (gated).",
)
_OF_ANY_OUTPUTS = click.option(
    "--program",
    type=click.Choice(sorted((*PROGRAMS, NARROW, THREE_LAYER, VECTOR))),
    default="relu",
    show_default=True,
    help="With cones (relu), or its relaxation without (gated); vector, networks of several "
    "outputs, which several targets take by themselves; three_layer, parallel three-layer "
    "sub-networks; narrow, of one column, any depth with one neuron a layer in every branch.",
)
_OPTIONS = (
    click.option(
        "--patterns",
        default="all",
        show_default=True,
        metavar="all|gaussian:N|geometric_algebra:N|GATES.npz",
        help="Which patterns the program ranges over.",
    ),
    click.option(
        "--rtol",
        type=float,
        default=1e-6,
        show_default=True,
        help="Certified relative duality gap to reach.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="BLAS threads; more than one pay for thousands of samples only.",
    ),
    click.option(
        "--backend",
        type=click.Choice(get_args(BackendName)),
        default="numpy",
        show_default=True,
        help="Arrays of the semismooth Newton solver; torch needs the extra relaxgap[torch].",
    ),
    click.option(
        "--device", default="cpu", show_default=True, help="With torch: cpu, cuda or cuda:N."
    ),
    click.option(
        "--dtype",
        type=click.Choice(get_args(DtypeName)),
        default="float64",
        show_default=True,
        help="Precision of the solver; certificates are float64 whatever it is.",
    ),
)


_BIAS = click.option(
    "--bias",
    is_flag=True,
    help="Give hidden neurons biases, weights on a column of ones, and the output one that costs "
    "nothing.",
)
_PENALISE = click.option(
    "--penalise",
    type=click.Choice(tuple(PENALISED)),
    help="Biases of another problem: weights, all biases are free (scikit-learn); all, biases cost "
    "what weights do (weight_decay of PyTorch).",
)
_STANDARDIZE = click.option(
    "--standardize",
    is_flag=True,
    help="Bring every column to mean 0 and variance 1 first; weights are then of these columns.",
)


def takes_biases(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which biases there are, and whether rows are scaled."""
    return _BIAS(_PENALISE(_STANDARDIZE(command)))


def takes_library_problem(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which library's problem a network was trained on."""
    for option in (
        click.option(
            "--torch-weight-decay",
            type=float,
            metavar="L",
            help="The problem of PyTorch with this weight_decay on all parameters (not AdamW): "
            "beta = n L / 2 for MSELoss (n q L / 2 of q outputs), n L for BCEWithLogitsLoss, "
            "--penalise all.",
        ),
        click.option(
            "--sklearn-alpha",
            type=float,
            metavar="A",
            help="The problem of scikit-learn's MLPRegressor or MLPClassifier with this alpha: "
            "beta = A, --penalise weights.",
        ),
    ):
        command = option(command)
    return _PENALISE(_STANDARDIZE(command))


def takes_workers(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which processes prove a bound over all patterns."""
    for option in (
        click.option(
            "--scheduler",
            metavar="ADDRESS",
            help="Of a Dask scheduler, tcp://HOST:PORT: its workers without work are the processes "
            "beside this one (relaxgap[dask]).",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            help="Processes of one thread that share out the regions of branch and bound over all "
            "patterns (squared loss); at most one a core pays. Default: one, or all that "
            "--scheduler has.",
        ),
    ):
        command = option(command)
    return command


def takes_program(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which program of any outputs to solve and how well."""
    return _OF_ANY_OUTPUTS(_with_options(command))


def takes_program_of_one_output(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which program of one output to solve and how well."""
    return _OF_ONE_OUTPUT(_with_options(command))


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def refuse_two_strengths(beta: float | None, beta_fraction: float | None) -> None:
    """Refuse both options in the words of the command line.

    Raises
    ------
    ConfigurationError
        If both are given.
    """
    if beta is not None and beta_fraction is not None:
        raise ConfigurationError(
            f"Expected one of --beta and --beta-fraction, got {beta} and {beta_fraction}; drop one."
        )
