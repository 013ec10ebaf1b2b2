"""What ``solve`` and ``path`` share: the program to solve, how well, and over which patterns."""

from collections.abc import Callable
from typing import get_args

import click
import numpy as np

from relaxgap.certificates import DualCertificate
from relaxgap.data.dataset import Dataset
from relaxgap.data.files import read_arrays
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.experiments.parts.regularisation import PROGRAMS
from relaxgap.numerics.backend import BackendName, DtypeName
from relaxgap.patterns import PatternSet, enumerate_patterns, sample_patterns
from relaxgap.patterns.pattern_set import pattern_set_from_gates

_OPTIONS = (
    click.option(
        "--program",
        type=click.Choice(sorted(PROGRAMS)),
        default="relu",
        show_default=True,
        help="With cones (relu), or its relaxation without (gated).",
    ),
    click.option(
        "--patterns",
        "pattern_choice",
        default="all",
        show_default=True,
        metavar="all|gaussian:N|GATES.npz",
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


def takes_program(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which program to solve and how well."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def choose_patterns(choice: str, data: Dataset, limit: int, seed: int) -> PatternSet:
    """Enumerate, sample or read the patterns that ``--patterns`` names.

    Raises
    ------
    ConfigurationError
        If the choice has another form.
    DataError
        If a file of gates cannot be used.
    EnumerationLimitError
        If there may be more than ``limit`` patterns in all.
    """
    if choice == "all":
        return enumerate_patterns(data.X, limit=limit)
    kind, _, count = choice.partition(":")
    if kind == "gaussian" and count.isdigit() and int(count) > 0:
        stream = np.random.SeedSequence(seed).spawn(3)[1]
        return sample_patterns(data.X, int(count), np.random.default_rng(stream))
    if not choice.endswith(".npz"):
        raise ConfigurationError(
            f"Expected --patterns all, gaussian:N with N >= 1, or a .npz file of gates, got "
            f"{choice!r}; try gaussian:50."
        )
    gates = read_arrays(choice, {"gates": 2})["gates"]
    if gates.shape[0] == 0 or gates.shape[1] != data.d:
        raise DataError(
            f"Expected gates of shape (P, {data.d}) with P >= 1, got {gates.shape} in {choice}; "
            "one gate a row, of the data's dimension."
        )
    if not np.all(np.isfinite(gates)):
        raise DataError(f"Expected finite gates, got NaN or infinity in {choice}; remove them.")
    return pattern_set_from_gates(data.X, gates)


def networks_of(program: str, patterns: PatternSet) -> str:
    """Name the networks whose optimum a bracket of the program holds."""
    networks = "two-layer ReLU networks" if program == "relu" else "gated ReLU networks"
    if patterns.complete:
        return f"all {networks} of any width"
    return f"{networks} restricted to these {patterns.n_patterns} patterns"


def bracket_sentence(certificate: DualCertificate, networks: str) -> str:
    """Say where the optimum over these networks lies and how far above it the one found may be."""
    return (
        f"The optimum over {networks} lies in "
        f"[{certificate.dual_value:.9g}, {certificate.primal_value:.9g}]: this one is at most "
        f"{100.0 * certificate.relative_gap:.2g}% above it."
    )
