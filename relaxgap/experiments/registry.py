"""Every experiment, one line each; the drawers themselves are opened when they are needed."""

import importlib

from relaxgap.experiments.experiment import Experiment

DRAWERS = (
    "relaxgap.experiments.certified_gap",
    "relaxgap.experiments.gap_vs_log_n",
    "relaxgap.experiments.gap_vs_width",
    "relaxgap.experiments.stationary_points",
    "relaxgap.experiments.assumption_a2",
    "relaxgap.experiments.subsampled_program",
    "relaxgap.experiments.descent_path",
    "relaxgap.experiments.success_vs_width",
    "relaxgap.experiments.coupling_lemma",
    "relaxgap.experiments.pattern_preservation",
    "relaxgap.experiments.exact_optimum",
    "relaxgap.experiments.solver_benchmark",
    "relaxgap.experiments.global_benchmark",
    "relaxgap.experiments.training_benchmark",
    "relaxgap.experiments.solver_growth",
    "relaxgap.experiments.tall_benchmark",
    "relaxgap.experiments.gpu_kernels",
    "relaxgap.experiments.real_tables",
    "relaxgap.experiments.table_brackets",
    "relaxgap.experiments.complexity",
    "relaxgap.experiments.gap_chain",
    "relaxgap.experiments.cone_sharpness",
    "relaxgap.experiments.sharpness_benchmark",
    "relaxgap.experiments.worst_labels",
    "relaxgap.experiments.informed_gates",
    "relaxgap.experiments.gaussian_lemma",
    "relaxgap.experiments.gated_ratio",
    "relaxgap.experiments.maxcut_bound",
    "relaxgap.experiments.kappa_scale",
    "relaxgap.experiments.kernel_spectrum",
    "relaxgap.experiments.random_interpolation",
    "relaxgap.experiments.ridge_relaxation",
    "relaxgap.experiments.vector_relaxation",
    "relaxgap.experiments.svd_noise",
    "relaxgap.experiments.frank_wolfe",
    "relaxgap.experiments.cnn_growth",
    "relaxgap.experiments.semi_nmf",
    "relaxgap.experiments.vector_classes",
    "relaxgap.experiments.vector_benchmark",
    "relaxgap.experiments.critical_width",
    "relaxgap.experiments.staircase",
    "relaxgap.experiments.cells_in_training",
    "relaxgap.experiments.disagreement",
    "relaxgap.experiments.narrow_optimum",
    "relaxgap.experiments.three_layer_restarts",
    "relaxgap.experiments.three_layer_gap",
    "relaxgap.experiments.feature_selection",
    "relaxgap.experiments.three_layer_growth",
    "relaxgap.experiments.three_layer_benchmark",
    "relaxgap.experiments.three_layer_tables",
)

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (importlib.import_module(drawer).EXPERIMENT for drawer in DRAWERS)
}
"""By name, in the order of the table of claims."""
