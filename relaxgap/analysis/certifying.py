"""Say how far a trained two-layer ReLU network is from the best one of any width, with proof."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from relaxgap.analysis.bracketing import FollowedBracket, OnBracket, follow, unseen
from relaxgap.analysis.certified_network import NetworkReport
from relaxgap.analysis.inputs import (
    NetworkLike,
    dataset_of,
    default_loss,
    loss_of,
    network_of,
    training_of,
)
from relaxgap.analysis.library_problems import LibraryProblem
from relaxgap.analysis.measuring import ROUNDING
from relaxgap.analysis.network_record import NEARLY_STATIONARY, STRUCTURE_RTOL, BetaSource
from relaxgap.analysis.preparation import Prepared, biases_of, prepare
from relaxgap.analysis.strength import Regularisation
from relaxgap.analysis.three_layer_certifying import certify_three_layers, is_three_layers
from relaxgap.analysis.three_layer_inputs import refuse_for_three_layers
from relaxgap.analysis.three_layer_report import ThreeLayerReport
from relaxgap.analysis.vector_certifying import VectorReport, certify_vector
from relaxgap.analysis.vector_solving import has_several_outputs, refuse_for_several_outputs
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.improving_patterns import ImprovingPatterns, improving_patterns
from relaxgap.global_optimum.local_pricing import random_starts
from relaxgap.global_optimum.solver import GlobalSolution, GlobalSolver
from relaxgap.networks import (
    FittedNetwork,
    TwoLayerNetwork,
    implied_beta,
    stationarity_residual,
    steepest_descent,
    structure_of,
)
from relaxgap.networks.landscape.stationarity import refuse_implied
from relaxgap.numerics.backend import NUMPY
from relaxgap.numerics.clock import Deadline, OutOfTimeError, in_force
from relaxgap.problems.biases import Bias
from relaxgap.problems.losses import SQUARED, Loss, is_smooth

LEAST_LOOK_SECONDS = 1.0
LOOK_SHARE = 0.1
"""Of the time limit: what looking for improving patterns may take once the bracket is there."""


def certify(
    network: NetworkLike,
    X: Any,
    y: Any,
    beta: float | None = None,
    beta_fraction: float | None = None,
    rtol: float = 1e-3,
    time_limit: float | None = 60.0,
    certificate: str = "auto",
    seed: int = 0,
    loss: str | None = None,
    against_rest: str | None = None,
    *,
    penalise: str | None = None,
    sklearn_alpha: float | None = None,
    torch_weight_decay: float | None = None,
    standardize: bool = False,
    normalisation: str | None = None,
    threads: int = 1,
    workers: int | None = None,
    scheduler: str | None = None,
    on_progress: OnBracket = unseen,
) -> NetworkReport | VectorReport | ThreeLayerReport:
    r"""Bracket the best training loss of any width, and measure a network against it.

    The loss is :math:`\tfrac12 \|f(X) - y\|^2` plus ``beta`` / 2 times the sum of the squares of
    all weights, a sum over samples: for a PyTorch network trained with MSELoss and ``weight_decay``
    w (not AdamW) beta is n w / 2. For two classes the logistic or the hinge loss takes the place of
    its first term: with BCEWithLogitsLoss and labels 0 and 1, beta is n w.

    Parameters
    ----------
    network : TwoLayerNetwork, VectorNetwork, FittedNetwork, MLPRegressor or -Classifier, tuple, \
str or Path
        The network; one of scikit-learn with one hidden layer of ReLU; its arrays hidden (m, d) and
        output (m,), or (m, q) of several outputs, perhaps with hidden_bias (m,) and output_bias; or
        a file that `load_network` reads. What a `FittedNetwork` or its file knows of scaling,
        biases, loss and beta holds unless something else is given.
    X : (n, d) array
        One sample per row; anything NumPy reads as real numbers.
    y : (n,) or (n, q) array
        Labels, as for `relaxgap.solve`; for several columns see
        `relaxgap.analysis.vector_certifying`.
    beta, beta_fraction : float, optional
        Weight decay of the loss, or the same as a fraction of the beta at which zero becomes
        optimal, found as for `relaxgap.solve`. By default the one at which the weights are closest
        to stationary; for the hinge loss, whose gradient at a margin of 1 is not one, it is asked
        for, and nothing is said of stationarity and of improving patterns.
    rtol : float
        Relative gap to reach.
    time_limit : float or None
        Seconds, looked at between pieces of work; None goes on while the bounds improve.
    certificate : str
        How to prove the lower bound; ``auto`` picks by size. ``spectral``, ``semidefinite`` and
        ``branch_and_bound`` are of the squared loss only.
    seed : int
        Of the search for better networks.
    loss : str, optional
        ``squared``, ``logistic`` or ``hinge``, as for `relaxgap.solve`; by default the one that the
        network or its file names, or squared.
    against_rest : str, optional
        The class that is +1 against all others, as for `relaxgap.solve`.
    penalise : str, optional
        Which biases the training problem has: ``weights``, hidden and output biases are free;
        ``all``, biases cost what weights do. By default it has those of the network: hidden biases
        cost, as weights on a column of ones, and an output bias is free. The bound holds over all
        networks and biases.
    sklearn_alpha : float, optional
        The problem of scikit-learn with this ``alpha``: ``beta`` is alpha, weights alone cost.
    torch_weight_decay : float, optional
        The problem of PyTorch with this ``weight_decay`` on all parameters (not AdamW): ``beta`` is
        n w / 2 for the mean of squares, n w for the mean of a loss of classes, and biases cost.
    standardize : bool
        Whether the network was trained on columns of mean 0 and variance 1.
    normalisation : str, optional
        Of the first layers of parallel three-layer networks, ``columns`` or ``frobenius``: see
        `relaxgap.analysis.three_layer_certifying`. A `ThreeLayerNetwork` or three arrays need it
        not.
    threads : int
        BLAS threads.
    workers : int, optional
        Processes that share out the regions of branch and bound over all patterns too many to
        enumerate, under the squared loss: by default one, or all that the scheduler has. The
        bracket holds whatever becomes of them.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://HOST:PORT``, whose workers are the processes beside
        this one; by default they are of this machine.
    on_progress : callable
        Called with every `BracketPoint`. Ctrl-C ends the work and returns the bracket so far.

    Returns
    -------
    NetworkReport, VectorReport or ThreeLayerReport
        The numbers of ``relaxgap certify --json`` by the same names, the best network known, and
        sentences; ``str(report)`` is what they say.

    Raises
    ------
    DataError
        If the data or the network cannot be used.
    ConfigurationError
        If a setting is out of range, both strengths are given, or the loss of the network at
        ``beta`` is not a finite float64.

    Examples
    --------
    >>> import numpy as np
    >>> import relaxgap
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    >>> hidden, output = rng.standard_normal((5, 2)), rng.standard_normal(5)
    >>> report = relaxgap.certify((hidden, output), X, y, beta=0.1)
    >>> report.lower_bound <= report.upper_bound < report.network_value
    True
    >>> report.better_network_found, report.certified_ratio > 1.0
    (True, True)
    >>> best = relaxgap.certify(report.best_network, X, y, beta=0.1)
    >>> best.verdict[:53]
    'This network is optimal to the accuracy asked for: at'
    """
    only_one: dict[str, Any] = {"against_rest": against_rest, "penalise": penalise}
    only_one |= {"standardize": standardize}
    only_one |= {"sklearn_alpha": sklearn_alpha, "torch_weight_decay": torch_weight_decay}
    several: dict[str, Any] = {"against_rest": against_rest}
    several |= {"workers": workers != 1 and workers, "scheduler": scheduler}
    only_one |= several
    if is_three_layers(network, normalisation):
        chosen = {} if certificate == "auto" else {"certificate": certificate}
        refuse_for_three_layers(loss or SQUARED.name, NUMPY, only_one | chosen)
        return certify_three_layers(
            network,
            X,
            y,
            normalisation,
            beta,
            beta_fraction,
            rtol,
            time_limit,
            seed,
            threads=threads,
            on_progress=on_progress,
        )
    if has_several_outputs(X, y, ""):
        refuse_for_several_outputs(loss or SQUARED.name, NUMPY, several)
        return certify_vector(
            network,
            X,
            y,
            beta,
            beta_fraction,
            rtol,
            time_limit,
            None if certificate == "auto" else certificate,
            seed,
            penalise=penalise,
            sklearn_alpha=sklearn_alpha,
            torch_weight_decay=torch_weight_decay,
            standardize=standardize,
            threads=threads,
            on_progress=on_progress,
        )
    remembered = training_of(network)
    if loss is None:
        loss = default_loss(network, remembered)
    of_fit = loss_of(loss)
    solver = GlobalSolver(
        rtol, time_limit, certificate, seed=seed, loss=of_fit, workers=workers, scheduler=scheduler
    )
    library = LibraryProblem(sklearn_alpha, torch_weight_decay)
    deadline = Deadline.after(time_limit)
    raw, classes = dataset_of(X, y, of_fit, against_rest)
    loaded = network_of(network, raw)
    asked = library.agreed(penalise)
    biases = loaded.biases if asked is None else biases_of(True, asked)
    beta = library.strength(beta, beta_fraction, raw.n, of_fit)
    recalled = remembered if beta is None and beta_fraction is None else None
    if recalled is not None:
        beta = recalled.beta
    strength = None
    if beta is not None or beta_fraction is not None:
        strength = Regularisation(beta, beta_fraction, loss=of_fit)
    elif not is_smooth(of_fit):
        raise ConfigurationError(
            f"Expected beta or beta_fraction for the {loss} loss, got neither: its gradient at a "
            "margin of 1 is not one, so that weights imply no beta; give beta."
        )
    prepared = prepare(
        raw, classes, of_fit, biases, standardize, rtol, loaded.scaling, listed=False
    )
    measured = replace(loaded, scaling=prepared.scaling, training=prepared.training(math.nan))
    with threadpool_limits(limits=threads):
        absolute, source = _beta(strength, measured, prepared, raw, deadline)
        source = source if recalled is None else "remembered"
        bias = prepared.output_bias(absolute) if prepared.has_output_bias else None
        start = prepared.unfitted(measured)
        followed = follow(solver, prepared.data, absolute, start, deadline, on_progress, bias)
        return _report(
            _Measured(measured, prepared, raw, absolute, source), solver, followed, threads
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """A network, the problem that it is measured on, and its strength."""

    loaded: FittedNetwork
    prepared: Prepared
    raw: Dataset
    beta: float
    source: BetaSource

    @property
    def inner(self) -> TwoLayerNetwork:
        """The network on the rows of the problem without biases."""
        return self.prepared.unfitted(self.loaded)

    def best(self, better: GlobalSolution | None) -> FittedNetwork:
        """Return a better network as one of raw rows, or this one if there is none."""
        if better is None:
            return replace(self.loaded, training=self.prepared.training(self.beta))
        found = self.prepared.fitted(better.network, better.constant, self.beta)
        return replace(found, columns=self.loaded.columns)


def _look_seconds(time_limit: float | None) -> float | None:
    return None if time_limit is None else max(LEAST_LOOK_SECONDS, LOOK_SHARE * time_limit)


def _beta(
    strength: Regularisation | None,
    measured: FittedNetwork,
    prepared: Prepared,
    raw: Dataset,
    deadline: Deadline,
) -> tuple[float, BetaSource]:
    """Return beta and where it came from; refuse one at which the network has no loss."""
    if strength is None:
        return _implied(measured, prepared), "implied"
    beta = strength.resolved(prepared, None, deadline)
    with np.errstate(over="ignore", invalid="ignore"):
        value = measured.training_loss(raw, beta, prepared.loss)
    if not math.isfinite(value):
        raise ConfigurationError(
            f"Expected a beta at which the training loss is a finite float64, got {beta:g} and a "
            f"loss of {value}; lower beta."
        )
    return beta, "given" if strength.beta_fraction is None else "fraction"


def _implied(measured: FittedNetwork, prepared: Prepared) -> float:
    """Return the beta at which what is penalised of the weights is closest to stationary."""
    data, loss = prepared.at(float(measured.output_bias))
    if prepared.biases.hidden is not Bias.FREE:
        return implied_beta(prepared.unfitted(measured), data, loss)
    # free biases have no part in the projection; where they are stationary, so that their gradient
    # is zero, the products with them add nothing
    network = prepared.unfitted(measured)
    fit = network.predict(data.X)
    hidden = network.hidden[:, :-1]
    squares = float(np.sum(hidden**2) + np.sum(network.output**2))
    return refuse_implied(2.0 * float(loss.dual_point(fit, data.y) @ fit), squares)


def _report(
    measured: _Measured,
    solver: GlobalSolver,
    followed: FollowedBracket[GlobalSolution],
    threads: int,
) -> NetworkReport:
    """Measure a network against its bracket.

    After an interruption no patterns are looked for, and one during the look ends it.
    """
    loaded, prepared, beta = measured.loaded, measured.prepared, measured.beta
    network, solution = measured.inner, followed.solution
    data, loss = prepared.at(float(loaded.output_bias))
    value = loaded.training_loss(measured.raw, beta, prepared.loss)
    # of the network that is returned: what is better by rounding alone is not
    better_found = solution.certificate.primal_value < value * (1.0 - ROUNDING)
    upper = solution.certificate.primal_value if better_found else value
    lower = min(solution.certificate.dual_value, value)
    structure = structure_of(network, data, STRUCTURE_RTOL)
    residual = _residual(network, data, beta, loss) if is_smooth(loss) else None
    slope = None
    if residual is not None and residual <= NEARLY_STATIONARY:
        slope = steepest_descent(network, data, beta, loss=loss).relative_slope
    found, interrupted = None, False
    if not followed.stopped and is_smooth(loss):
        try:
            with in_force(Deadline.after(_look_seconds(solver.max_seconds))):
                found = _improving(network, solution.network, data, beta, solver, loss)
        except OutOfTimeError:
            # what it finds is no part of the proof
            pass
        except KeyboardInterrupt:
            interrupted = True
    return NetworkReport(
        network_value=value,
        lower_bound=lower,
        upper_bound=upper,
        certified_ratio=_finite(value / lower) if lower > 0.0 else None,
        certificate=solution.bound,
        status=solution.status,
        relative_gap=(upper - lower) / upper if upper > 0.0 else 0.0,
        rtol=solver.rtol,
        seconds=solution.seconds,
        beta=beta,
        beta_source=measured.source,
        stationarity_residual=residual,
        steepest_slope=slope,
        better_network_found=better_found,
        improvement=value - upper,
        n_improving_patterns=found.n_found if found else None,
        largest_price_ratio=_finite(found.largest_price_ratio) if found else None,
        width=network.width,
        n_live=structure.n_live,
        n_cells=structure.n_cells,
        scaled=structure.scaled,
        nearly_minimal=structure.nearly_minimal,
        minimal=structure.minimal,
        has_bias=loaded.has_bias,
        hidden_bias=prepared.biases.hidden,
        output_bias=prepared.biases.output,
        standardized=prepared.scaling is not None,
        n=data.n,
        d=data.d,
        n_rounds=solution.n_rounds,
        n_regions=solution.n_regions,
        threads=threads,
        seed=solver.seed,
        loss=loss.name,
        classes=prepared.classes,
        best=measured.best(solution if better_found else None),
        history=followed.history,
        stopped=followed.stopped or "interrupted" * interrupted,
        n_lost_workers=solution.n_lost_workers,
    )


def _improving(
    network: TwoLayerNetwork,
    better: TwoLayerNetwork,
    data: Dataset,
    beta: float,
    solver: GlobalSolver,
    loss: Loss,
) -> ImprovingPatterns:
    starts = random_starts(data, np.random.default_rng(solver.seed))
    return improving_patterns(
        network, data, beta, solver.rtol, np.concatenate([starts, better.hidden]), loss
    )


def _residual(network: TwoLayerNetwork, data: Dataset, beta: float, loss: Loss) -> float | None:
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            return _finite(stationarity_residual(network, data, beta, loss=loss))
    except (ArithmeticError, ValueError):
        # the squares of a diverged network's gradient overflow
        return None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
