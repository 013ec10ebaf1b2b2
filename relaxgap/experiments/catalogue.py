"""Every experiment by name: what it shows, its cell function and its record type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from relaxgap.experiments.certified_gap.cell import CertifiedGapRecord, certified_gap
from relaxgap.experiments.descent_path.cell import PathRecord, descent_paths
from relaxgap.experiments.exact_optimum.cell import ExactOptimumRecord, exact_optimum
from relaxgap.experiments.landscape_width.cell import LandscapeRecord, landscape_width
from relaxgap.experiments.parts.contenders import GapRecord
from relaxgap.experiments.parts.optimality_gap import optimality_gap
from relaxgap.experiments.parts.specs import CellSpec
from relaxgap.experiments.pattern_preservation.cell import (
    FinalPreservationRecord,
    PreservationRecord,
    pattern_preservation,
    preservation_at_the_end,
)
from relaxgap.experiments.solver_benchmark.cell import BenchmarkRecord, solver_benchmark
from relaxgap.experiments.stationary_points.cell import StationaryRecord, stationary_points
from relaxgap.experiments.subsampled_program.cell import SubsampledRecord, subsampled_programs
from relaxgap.experiments.training_benchmark.cell import TrainingTimeRecord, training_benchmark

Record = (
    BenchmarkRecord
    | CertifiedGapRecord
    | ExactOptimumRecord
    | GapRecord
    | LandscapeRecord
    | PathRecord
    | PreservationRecord
    | StationaryRecord
    | SubsampledRecord
    | TrainingTimeRecord
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """Describe an experiment.

    Parameters
    ----------
    shows : str
        One line for `relaxgap list`.
    run_cell : callable
        Pure function from a cell to its rows.
    record : type
        Dataclass whose fields are the columns of ``summary.csv``.
    results_version : int
        Bumped by hand when the numbers of a cell change, which makes cached cells stale.
    """

    shows: str
    run_cell: Callable[[CellSpec], Sequence[Record]]
    record: type[Record]
    results_version: int


EXPERIMENTS: Mapping[str, Experiment] = {
    "certified_gap": Experiment(
        "relaxation and SGD over a certified bracket of the optimum up to n = 1000 (Theorem 1)",
        certified_gap,
        CertifiedGapRecord,
        1,
    ),
    "gap_vs_log_n": Experiment(
        "relaxation and gradient methods over the certified optimum, against log n (Theorem 1)",
        optimality_gap,
        GapRecord,
        1,
    ),
    "gap_vs_width": Experiment(
        "objective against sampled patterns / network width, with the optimum (Figure 1)",
        optimality_gap,
        GapRecord,
        1,
    ),
    "pattern_preservation": Experiment(
        "activations kept during training against the coupling bound (Lemma 1, Figure 2)",
        pattern_preservation,
        PreservationRecord,
        2,
    ),
    "coupling_lemma": Experiment(
        "activations changed at 1% of the loss against width, method, step and scale (Lemma 1)",
        pattern_preservation,
        PreservationRecord,
        1,
    ),
    "assumption_a2": Experiment(
        "initial patterns left at stationary points of the regularised loss (assumption A2)",
        preservation_at_the_end,
        FinalPreservationRecord,
        1,
    ),
    "stationary_points": Experiment(
        "loss of stationary points over the certified optimum, and their structure (Theorem 3)",
        stationary_points,
        StationaryRecord,
        1,
    ),
    "subsampled_program": Experiment(
        "optimum over a stationary network's own patterns, signed and both-signed (Eq. 19)",
        subsampled_programs,
        SubsampledRecord,
        1,
    ),
    "descent_path": Experiment(
        "loss along the path from any network to a minimal one (Wang et al. 2022)",
        descent_paths,
        PathRecord,
        1,
    ),
    "landscape_width": Experiment(
        "chance of training to within 1% of the optimum against the width over m*",
        landscape_width,
        LandscapeRecord,
        1,
    ),
    "exact_optimum": Experiment(
        "seconds to enumerate all patterns and to certify the optimum over them",
        exact_optimum,
        ExactOptimumRecord,
        1,
    ),
    "solver_benchmark": Experiment(
        "seconds to a measured accuracy, memory and iterations of every solver, side by side",
        solver_benchmark,
        BenchmarkRecord,
        1,
    ),
    "solver_growth": Experiment(
        "seconds to 1e-4 against n at c = n/d = 2 and 8 log n gates (Theorem 2)",
        solver_benchmark,
        BenchmarkRecord,
        1,
    ),
    "training_benchmark": Experiment(
        "seconds of a training step next to PyTorch, and of many runs in one batch",
        training_benchmark,
        TrainingTimeRecord,
        1,
    ),
}
