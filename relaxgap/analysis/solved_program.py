"""What ``solve`` returns: the record that is printed, and the network behind it."""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.bracketing import BracketPoint
from relaxgap.analysis.comparison import at_most_above, interval
from relaxgap.analysis.programs import networks_of
from relaxgap.data.classes import Classes, class_sentence
from relaxgap.errors import ConfigurationError
from relaxgap.networks import FittedNetwork, Training
from relaxgap.networks.fitted import Network
from relaxgap.networks.narrow_network import NarrowNetwork
from relaxgap.networks.three_layer_network import ThreeLayerNetwork
from relaxgap.patterns.pattern_set import PatternSet
from relaxgap.problems.biases import Bias, Biases
from relaxgap.solvers.base import Status


@dataclass(frozen=True, slots=True)
class SolveRecord:
    """Hold what ``relaxgap solve --json`` prints, in this order.

    Parameters
    ----------
    status : Status
        How the work ended; the bracket holds whatever it says.
    primal_value, dual_value : float
        The bracket of the optimum over ``networks``: of the network found, and the lower bound.
    relative_gap : float
        Its width over ``primal_value``.
    n_patterns : int or None
        Patterns of the program; over all of them without a list Cover's count, None if that has
        thousands of digits.
    complete : bool
        Whether these are all patterns: only then is ``dual_value`` a bound for every width.
    certificate : str
        How the lower bound was proven.
    active_blocks : int
        Nonzero blocks, the width of the network.
    max_cone_violation : float
        Relative, at most rounding.
    solver, method : str
        By name; ``global_optimum`` where the patterns were not listed. The default solver leaves
        some programs to another method, which it says.
    n_iterations : int
        By the solver's own count.
    solve_seconds : float
        Wall time without data and patterns.
    beta : float
        Absolute strength.
    threads : int
        BLAS threads.
    program : str
        ``relu`` or ``gated``; ``vector`` of several outputs, ``three_layer`` of three layers,
        ``narrow`` of one neuron a layer in every branch.
    loss : str
        ``squared``, ``logistic`` or ``hinge``.
    classes : tuple of str or None
        The names of -1 and +1, or the only one; None where labels are no classes.
    hidden_bias, output_bias : Bias
        ``none``, ``penalised`` as weights are, or ``free``.
    standardized : bool
        Whether columns were brought to mean 0 and variance 1: weights are then of these.
    n_outputs : int
        Outputs of the network.
    subnetwork_width : int or None
        First-layer neurons of each sub-network; None but of three layers.
    normalisation : str or None
        Of first layers, ``columns`` or ``frobenius``; None but of three layers.
    """

    status: Status
    primal_value: float
    dual_value: float
    relative_gap: float
    n_patterns: int | None
    complete: bool
    certificate: str
    active_blocks: int
    max_cone_violation: float
    solver: str
    method: str
    n_iterations: int
    solve_seconds: float
    beta: float
    threads: int
    program: str
    loss: str
    classes: Classes | None
    hidden_bias: Bias
    output_bias: Bias
    standardized: bool
    n_outputs: int
    subnetwork_width: int | None
    normalisation: str | None


@dataclass(frozen=True, slots=True, eq=False)
class SolveResult(SolveRecord):
    """Hold the record, the network and what proves its bracket.

    Parameters
    ----------
    network : TwoLayerNetwork, GatedNetwork or FittedNetwork
        Its training loss is ``primal_value`` up to rounding; of several outputs a `VectorNetwork`
        or `GatedVectorNetwork`; with biases or scaling a `FittedNetwork`, which takes raw rows; of
        three layers a `ThreeLayerNetwork`; a `NarrowNetwork` of the narrow program.
    patterns : PatternSet
        Of the program that was solved; of the network alone where all were bracketed without a
        list.
    nu : (n,) or (n, q) float64
        The dual point that proves ``dual_value``.
    history : tuple of BracketPoint
        The brackets on the way.
    stopped : str
        Empty, ``interrupted``, or the error that ended the work early.
    remarks : tuple of str
        What may be wrong with the data or the patterns, one line each.
    """

    network: Network | FittedNetwork | ThreeLayerNetwork | NarrowNetwork
    patterns: PatternSet
    nu: Float64[np.ndarray, "n ..."]
    history: tuple[BracketPoint, ...] = ()
    stopped: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def fitted(self) -> FittedNetwork:
        """The network with what it was trained on, as a file of it holds."""
        if isinstance(self.network, FittedNetwork):
            return self.network
        if isinstance(self.network, (ThreeLayerNetwork, NarrowNetwork)):
            depth = getattr(self.network, "depth", 3)
            raise ConfigurationError(
                f"Expected a two-layer program, got {self.program} with {depth} layers; take "
                "result.network as it is."
            )
        biases = Biases(self.hidden_bias, self.output_bias)
        training = Training(self.beta, self.program, self.loss, self.classes, biases)
        return FittedNetwork(self.network, False, training=training)

    @property
    def seconds(self) -> float:
        """Wall time of the solve."""
        return self.solve_seconds

    @property
    def networks(self) -> str:
        """The networks whose best training loss lies in the bracket."""
        return networks_of(self.program, self.complete, self.n_patterns)

    @property
    def lower_bound(self) -> float | None:
        """What no two-layer ReLU network of any width falls below; None over sampled patterns.

        A gated program is a relaxation, so that over all patterns its bound counts too.
        """
        return self.dual_value if self.complete else None

    @property
    def sentence(self) -> str:
        """Where the optimum over which networks lies, and how far above it this one may be."""
        bracket = interval(self.dual_value, self.primal_value)
        said = f"The optimum over {self.networks} lies in {bracket}: this one is "
        if self.primal_value == self.dual_value:
            return f"{said}optimal."
        if self.dual_value <= 0.0:
            return f"{said}not proven to be near it, since the lower bound is 0."
        return f"{said}at most {at_most_above(self.primal_value, self.dual_value)} it."

    @property
    def class_sentence(self) -> str:
        """What the sign of an output stands for; empty where labels are no classes."""
        return class_sentence(self.classes)

    def __str__(self) -> str:
        return f"{self.sentence} {self.status.sentence} {self.class_sentence}".rstrip()

    @property
    def record(self) -> SolveRecord:
        """The plain scalars alone, as ``--json`` prints them."""
        return SolveRecord(
            **{field.name: getattr(self, field.name) for field in fields(SolveRecord)}
        )
