"""Which activations survive training, step by step, next to what the coupling lemma promises.

Protocol L is the lemma's own setting (first layer only, no weight decay, small steps), protocol P
the paper's (both layers, weight decay, to stationarity). A cell belongs to one of them.

References
----------
Li & Liang (2018), arXiv 1808.01204; Kim & Pilanci (2024), Lemma 1, (A2) and Figure 2.
"""

from dataclasses import dataclass

from relaxgap.experiments.specs import CellSpec, size_of
from relaxgap.experiments.starts import starting_networks
from relaxgap.training import train


@dataclass(frozen=True, slots=True)
class PreservationRecord:
    """One row: one network at one logged step.

    Parameters
    ----------
    loss : float
        Training loss, with weight decay under protocol P and without under L.
    bits_kept, neurons_kept, patterns_kept : float
        Fractions of initial activations, whole patterns and distinct patterns (`Preservation`).
    certified_bits_kept, certified_neurons_kept : float
        Sure lower bounds of the first two from the movement of each neuron.
    max_movement, mean_movement : float
        Movement of a neuron over the initial standard deviation of a weight.
    """

    data: str
    n: int
    d: int
    protocol: str
    method: str
    width: int
    seed: int
    start: int
    beta: float
    status: str
    step: int
    loss: float
    bits_kept: float
    neurons_kept: float
    patterns_kept: float
    certified_bits_kept: float
    certified_neurons_kept: float
    max_movement: float
    mean_movement: float


def pattern_preservation(spec: CellSpec) -> list[PreservationRecord]:
    """Train from every random start and record what is kept at each logged step."""
    data = spec.load_data()
    beta = 0.0 if spec.training.protocol == "L" else spec.absolute_beta()
    records = []
    for label, method in spec.training.methods.items():
        for rule in spec.networks.width:
            width = size_of(rule, data.n)
            initial, order = starting_networks(spec, method, width, data.d)
            run = train(data, beta, method, initial, order, record_preservation=True)
            records += [
                PreservationRecord(
                    data=spec.data_label,
                    n=data.n,
                    d=data.d,
                    protocol=spec.training.protocol,
                    method=label,
                    width=width,
                    seed=spec.seed,
                    start=start,
                    beta=beta,
                    status=run.status[start],
                    step=int(step),
                    loss=float(run.losses[k, start]),
                    bits_kept=kept.bits_kept,
                    neurons_kept=kept.neurons_kept,
                    patterns_kept=kept.patterns_kept,
                    certified_bits_kept=kept.certified_bits_kept,
                    certified_neurons_kept=kept.certified_neurons_kept,
                    max_movement=kept.max_movement,
                    mean_movement=kept.mean_movement,
                )
                for k, step in enumerate(run.steps)
                for start, kept in enumerate(run.preservation[k])
            ]
    return records
