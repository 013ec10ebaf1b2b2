"""Which patterns a program ranges over: all, those of a sample or of given gates, or a set."""

from dataclasses import replace

import numpy as np

from relaxgap.data.dataset import Dataset
from relaxgap.data.numpy_archives import Shapes, read_arrays
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.patterns import PatternSet, enumerate_patterns, sample_patterns
from relaxgap.patterns.geometric_algebra import sample_geometric_algebra_patterns
from relaxgap.patterns.pattern_set import digest_of, pattern_set_from_gates, patterns_of_gates

PatternChoice = str | int | PatternSet
"""``all``, ``gaussian:N`` or N, ``geometric_algebra:N``, an ``.npz`` file with ``gates``, a set."""
GAUSSIAN = "gaussian"
SAMPLERS = {GAUSSIAN: sample_patterns, "geometric_algebra": sample_geometric_algebra_patterns}


def choose_patterns(choice: PatternChoice, data: Dataset, limit: int, seed: int) -> PatternSet:
    """Enumerate, sample or read the patterns that are asked for.

    Raises
    ------
    ConfigurationError
        If the choice has another form, or a set is one of other data.
    DataError
        If a file of gates cannot be used.
    EnumerationLimitError
        If there may be more than ``limit`` patterns in all.
    """
    if isinstance(choice, PatternSet):
        return _of_this_data(choice, data)
    if not isinstance(choice, (str, int)):
        raise ConfigurationError(
            f"Expected patterns all, gaussian:N, a number of gates, a file or a PatternSet, got "
            f"{choice!r}; try gaussian:50."
        )
    if choice == "all":
        return enumerate_patterns(data.X, limit=limit)
    for sampler, sample in SAMPLERS.items():
        n_gates = n_gates_of(choice, sampler)
        if n_gates > 0:
            stream = np.random.SeedSequence(seed).spawn(3)[1]
            return sample(data.X, n_gates, np.random.default_rng(stream))
    if isinstance(choice, int) or not choice.endswith(".npz"):
        raise ConfigurationError(
            "Expected patterns all, gaussian:N or geometric_algebra:N with N >= 1, or a .npz file "
            f"of gates, got {choice!r}; try gaussian:50."
        )

    def check_shape(shapes: Shapes) -> None:
        n_gates, d = shapes["gates"]
        if n_gates == 0 or d != data.d:
            raise DataError(
                f"Expected gates of shape (P, {data.d}) with P >= 1, got {(n_gates, d)}; one gate "
                "a row, of the data's dimension."
            )

    gates = read_arrays(choice, {"gates": 2}, check_shapes=check_shape)["gates"]
    if not np.all(np.isfinite(gates)):
        raise DataError(f"Expected finite gates, got NaN or infinity in {choice}; remove them.")
    return pattern_set_from_gates(data.X, gates)


def _of_this_data(patterns: PatternSet, data: Dataset) -> PatternSet:
    """Refuse patterns of other data, and believe that they are all only for the data they name."""
    gates = patterns.gates
    if (patterns.n, gates.shape[1]) != (data.n, data.d) or not np.array_equal(
        patterns_of_gates(data.X, gates), patterns.packed
    ):
        raise ConfigurationError(
            "Expected patterns of this data, got some whose gates make other ones of it; make the "
            "patterns from this data with enumerate_patterns or sample_patterns."
        )
    if patterns.complete and patterns.data_digest != digest_of(data.X):
        return replace(patterns, complete=False)
    return patterns


def n_gates_of(choice: PatternChoice, sampler: str = GAUSSIAN) -> int:
    """Return how many gates of a sampler are asked for, 0 if none are."""
    if isinstance(choice, PatternSet):
        return 0
    if isinstance(choice, int):
        return choice
    kind, _, count = choice.partition(":")
    return int(count) if kind == sampler and count.isdigit() else 0
