"""A drawer: `cell.py` holds settings, record and cell function, `figure.py` the figure."""

from relaxgap.experiments.experiment import Experiment

EXPERIMENT = Experiment(
    __name__,
    shows="sampled gated optimum over that of all patterns, and its bounds (Theorem 5, equation 7)",
    claims=("Theorem 5: p̃_g/p_g ≤ 2√2 √κ; (7): ≤ 2 C_y √(yᵀM̂⁻¹y)/‖y‖²",),
)
