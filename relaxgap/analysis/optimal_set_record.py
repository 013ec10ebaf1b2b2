"""What `relaxgap.optimal_set` returns: the record that is printed, and the networks behind it."""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from jaxtyping import Float64

from relaxgap.analysis.comparison import interval
from relaxgap.analysis.preparation import Prepared
from relaxgap.data.classes import Classes, class_sentence
from relaxgap.networks import FittedNetwork, TwoLayerNetwork
from relaxgap.networks.optimal_set.approximate_pruning import PrunedNetwork
from relaxgap.networks.optimal_set.description import Description, Interval
from relaxgap.networks.optimal_set.exact import ExactOptimalSet

Unique = Literal["yes", "no", "not told"]


@dataclass(frozen=True, slots=True)
class OptimalSetRecord:
    """Hold what ``relaxgap optimal-set --json`` prints, in this order.

    Parameters
    ----------
    unique : str
        ``yes`` and ``no`` are proven; ``not told`` where errors leave room for both, and
        ``dimension`` is then what the numbers look like.
    proven_by : str
        What proves it: ``columns``, whose independence no error can undo; ``linear_part``; or
        ``fractions``. Empty where it is not told.
    dimension : int
        Of the set, where singular values at most 1e-8 of the largest count as zero.
    dimension_low, dimension_high : int or None
        Proven ends of the dimension; None where no upper end is.
    smallest_width_low : int
        No optimal network has fewer neurons: proven.
    smallest_width, largest_width : int
        Of the narrowest network and the widest vertex found.
    largest_width_high : int or None
        No vertex has more neurons: proven. None where it is not.
    n_neurons : int
        Directions that can be a neuron of an optimal network, each with its sign.
    n_surely_used : int
        Those that every optimal network has: their prices are surely beta.
    n_in_doubt : int
        Those that may be several neurons which the errors do not tell apart.
    cells_possibly_tight, cells_not_tight : int
        (Cell, sign) pairs whose price can be beta, and those whose price is proven to be less.
    n_vertices : int
        Vertices found.
    all_vertices : bool
        Whether all sets of neurons were tried for one.
    primal_value, dual_value : float
        Loss of the worst of the networks below and those at the inner ends, rounding included, and
        the proven lower bound.
    relative_gap : float
        Their distance over ``primal_value``.
    dual_radius : float
        Proven distance of the dual point to the one that all optimal networks share.
    largest_disagreement : float or None
        Largest difference of two predictions of optimal networks at a row of ``at``, as found.
    beta, beta_max : float
        Strength, and the least at which the zero network is optimal.
    loss : str
        ``squared`` or ``logistic``.
    classes : tuple of str or None
        The names of -1 and +1; None where labels are no classes.
    hidden_bias, output_bias : str
        ``none``, ``penalised``, or of the output ``free``.
    standardized : bool
        Whether columns were brought to mean 0 and variance 1.
    n, d, n_patterns : int
        Sizes of the data, and open cells.
    complete : bool
        Whether these are all open cells, told apart; nothing is proven otherwise.
    seconds : float
        Wall time.
    """

    unique: Unique
    proven_by: str
    dimension: int
    dimension_low: int
    dimension_high: int | None
    smallest_width_low: int
    smallest_width: int
    largest_width: int
    largest_width_high: int | None
    n_neurons: int
    n_surely_used: int
    n_in_doubt: int
    cells_possibly_tight: int
    cells_not_tight: int
    n_vertices: int
    all_vertices: bool
    primal_value: float
    dual_value: float
    relative_gap: float
    dual_radius: float
    largest_disagreement: float | None
    beta: float
    beta_max: float
    loss: str
    classes: Classes | None
    hidden_bias: str
    output_bias: str
    standardized: bool
    n: int
    d: int
    n_patterns: int
    complete: bool
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class OptimalSet(OptimalSetRecord):
    """Hold the record, the neurons of optimal networks and some of these networks.

    Parameters
    ----------
    description : Description
        Neurons, their columns, the dual point: the polytope with its errors.
    prepared : Prepared
        What became of raw rows: neurons are of scaled ones, with the column of hidden biases.
    exact : ExactOptimalSet or None
        The set in fractions, where it was decided in them.
    weights : tuple of Interval
        The range of the weight :math:`c_k` of each neuron.
    predictions : tuple of Interval
        The range of the prediction at each row of ``at``.
    constant : Interval or None
        The range of the output bias; None without one.
    vertices : (v, k) float64
        Weights of the vertices found.
    smallest, largest : TwoLayerNetwork or FittedNetwork
        The narrowest network and the widest vertex found, of raw rows, with their biases.
    pruned : tuple of PrunedNetwork
        Networks narrower than that, one for each width down to 0.
    """

    description: Description
    prepared: Prepared
    exact: ExactOptimalSet | None
    weights: tuple[Interval, ...]
    predictions: tuple[Interval, ...]
    constant: Interval | None
    vertices: Float64[np.ndarray, "v k"]
    smallest: TwoLayerNetwork | FittedNetwork
    largest: TwoLayerNetwork | FittedNetwork
    pruned: tuple[PrunedNetwork, ...]

    def network(self, weights: Float64[np.ndarray, " k"]) -> TwoLayerNetwork | FittedNetwork:
        """Return the network of these weights, as of a vertex or a convex combination of some."""
        found = self.description.neurons.network(weights)
        return self.prepared.network(found, self.description.constant(weights), self.beta)

    def sample(self, rng: np.random.Generator) -> TwoLayerNetwork | FittedNetwork:
        """Return a random convex combination of the vertices: another optimal network."""
        shares = rng.dirichlet(np.ones(len(self.vertices)))
        return self.network(shares @ self.vertices)

    def fitted(self, network: TwoLayerNetwork | FittedNetwork) -> FittedNetwork:
        """Return a network with what it is optimal for, as a file of it holds."""
        if isinstance(network, FittedNetwork):
            return network
        return FittedNetwork(network, False, training=self.prepared.training(self.beta))

    def price(self, pruned: PrunedNetwork) -> float:
        """Return how far the loss of a network is above the optimum, at most."""
        return max(pruned.loss_value - self.dual_value, 0.0)

    @property
    def record(self) -> OptimalSetRecord:
        """The plain scalars alone, as ``--json`` prints them."""
        names = [field.name for field in fields(OptimalSetRecord)]
        return OptimalSetRecord(**{name: getattr(self, name) for name in names})

    @property
    def sentence(self) -> str:
        """How many optimal networks there are, and how sure that is."""
        if self.description.is_zero:
            said = (
                f"beta is at or above beta_max = {self.beta_max:.6g}: the zero network is the only "
                "optimal one."
            )
            return said if self.complete else said.replace("the only", "an")
        known = f"no optimal network has fewer than {_neurons(self.smallest_width_low)}"
        if not self.complete:
            known = "rows so near to one hyperplane may hide cells, so that nothing is proven"
        match self.unique:
            case "yes":
                return (
                    "One optimal network, up to the splitting of neurons: proven. It has "
                    f"{_neurons(self.smallest_width)}; {known}."
                )
            case "no":
                return (
                    f"More than one optimal network, proven by {self.proven_by.replace('_', ' ')}: "
                    f"a polytope of dimension {self.dimension} whose vertices have "
                    f"{self.smallest_width} to {_neurons(self.largest_width)}; {known}."
                )
        seen = (
            "one optimal network"
            if self.dimension == 0
            else f"a polytope of dimension {self.dimension}"
        )
        return (
            f"Whether the optimal network is unique is not told: the numbers look like {seen}, "
            f"whose vertices have {self.smallest_width} to {_neurons(self.largest_width)}; {known}."
        )

    @property
    def bracket_sentence(self) -> str:
        """Where the optimum lies."""
        return f"The optimum lies in {interval(self.dual_value, self.primal_value)}."

    @property
    def bias_sentence(self) -> str:
        """Which biases there are, and how much the output one differs; empty without biases."""
        said = self.prepared.biases.sentence
        if self.constant is None:
            return said
        low, high = self.constant.low, self.constant.high
        ends = f"is {low:.6g}" if low == high else f"ranges from {low:.6g} to {high:.6g}"
        return f"{said} The output bias {ends}."

    @property
    def class_sentence(self) -> str:
        """What the sign of an output stands for; empty where labels are no classes."""
        return class_sentence(self.classes)

    def __str__(self) -> str:
        said = [self.sentence, self.bracket_sentence, self.bias_sentence, self.class_sentence]
        return " ".join(filter(None, said))


def _neurons(count: int) -> str:
    return f"{count} neuron{'' if count == 1 else 's'}"
