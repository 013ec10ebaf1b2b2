r"""The certified global optimum of two-layer ReLU training, without listing its patterns first.

From above come networks: a wide one that descends, then small programs over patterns that local
pricing finds. From below come bounds over *all* patterns, from closed form to branch and bound on
activations, each proven from its multipliers whatever made them. Both sides only ever improve, so
the bracket is valid whenever one stops.

References
----------
Pilanci & Ergen (2020) for the dual constraint; Sahiner, Ergen, Pauly & Pilanci (2021) for the
completely positive form that the relaxation takes its relations from.
"""

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np

from relaxgap.certificates.duality import DualCertificate
from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.global_optimum.bounds import (
    AUTO,
    CERTIFICATE_NAMES,
    OPENING,
    refuse_certificate,
    schedule,
)
from relaxgap.global_optimum.bracket import Bracket
from relaxgap.global_optimum.search import NetworkSearch
from relaxgap.networks import TwoLayerNetwork
from relaxgap.numerics.clock import NEVER, Deadline, OutOfTimeError
from relaxgap.numerics.workers import Workers, workers_of
from relaxgap.problems.losses import SQUARED, Loss
from relaxgap.solvers.base import Status

MAX_SEARCH_ROUNDS = 30
WIDE_SHARE = 0.35
"""Fraction of a time limit after which the wide network makes way for bounds."""
BOUND_SHARE = 0.6
"""Fraction of the time then left that bounds before the search for networks may take."""
SEARCH_SHARE = 0.4
"""Fraction of the time then left after which the search for networks makes way for bounds."""
AFRESH_SHARE = 0.2
"""Fraction of what is left of that for fresh starts, once the search has stalled."""


@dataclass(frozen=True, slots=True, eq=False)
class GlobalSolution:
    """Hold a network and the bracket of the global optimum.

    Parameters
    ----------
    network : TwoLayerNetwork
        Its training loss is ``certificate.primal_value`` up to rounding.
    certificate : DualCertificate
        Holds for networks of every width: ``nu`` is feasible for all patterns.
    status : Status
        ``solved``: the relative gap reached ``rtol``.
    bound : str
        How the lower bound was proven.
    n_rounds : int
        Small programs solved.
    n_regions : int
        Regions of the lifted relaxation, 2 before any split; 0 where it was not run.
    seconds : float
        Wall time since the start.
    constant : float
        The output bias, where the problem has one.
    n_lost_workers : int
        Processes that were killed or frozen, whose work went on in the others.
    """

    network: TwoLayerNetwork
    certificate: DualCertificate
    status: Status
    bound: str
    n_rounds: int
    n_regions: int
    seconds: float
    constant: float = 0.0
    n_lost_workers: int = 0


@dataclass(frozen=True, slots=True)
class GlobalSolver:
    """Bracket the global optimum over networks of every width.

    Parameters
    ----------
    rtol : float
        Relative gap to reach.
    max_seconds : float or None
        Time after which the bracket so far is returned. One deadline reaches all parts, which
        look at it between pieces of work that take seconds up to a thousand samples. None goes on
        until the gap is reached or the bounds stop improving.
    certificate : str
        Way to the lower bound, one of `relaxgap.global_optimum.bounds.CERTIFICATE_NAMES`; ``auto``
        picks by size and goes on to the next until the gap is reached.
    n_gates : int
        Gaussian gates of the first program.
    seed : int
        Seed of the gates and of the starts of local pricing.
    loss : Loss
        Of the fit. Bounds that relax fit and dual point together are of the squared loss only:
        ``auto`` leaves them out for another.
    workers : int or None
        Processes that the regions of the lifted relaxation are shared out among, this one among
        them; never more than there are regions. None is one, or all that the scheduler has.
    scheduler : str or None
        Address of a Dask scheduler, ``tcp://HOST:PORT``, whose workers are the other processes;
        None takes processes on this machine.

    Raises
    ------
    ConfigurationError
        If a setting is out of range, or the certificate is unknown or not one of the loss.
    """

    rtol: float = 1e-4
    max_seconds: float | None = None
    certificate: str = AUTO
    n_gates: int = 100
    seed: int = 0
    loss: Loss = SQUARED
    workers: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.rtol < 1.0:
            raise ConfigurationError(f"Expected 0 < rtol < 1, got {self.rtol}; try 1e-3.")
        if self.max_seconds is not None and not self.max_seconds > 0.0:
            raise ConfigurationError(
                f"Expected a time limit above 0 seconds, got {self.max_seconds}; raise it."
            )
        if self.certificate not in CERTIFICATE_NAMES:
            raise ConfigurationError(
                f"Expected a certificate of {', '.join(CERTIFICATE_NAMES)}, got "
                f"{self.certificate!r}; choose one, or auto."
            )
        refuse_certificate(self.certificate, self.loss)
        if self.n_gates < 1:
            raise ConfigurationError(f"Expected n_gates >= 1, got {self.n_gates}; try 100.")
        if self.workers is not None and (not isinstance(self.workers, int) or self.workers < 1):
            raise ConfigurationError(
                f"Expected workers >= 1, a whole number, got {self.workers!r}; give the processes "
                "to use, at most one a core."
            )

    def solve(
        self,
        data: Dataset,
        beta: float,
        start: TwoLayerNetwork | None = None,
        *,
        deadline: Deadline = NEVER,
    ) -> GlobalSolution:
        """Return the last bracket; an interruption (Ctrl-C) ends the work, not the program.

        Parameters
        ----------
        data : Dataset
            The training data.
        beta : float
            Regularisation strength.
        start : TwoLayerNetwork, optional
            A network to improve on.
        deadline : Deadline
            Ends the work as ``max_seconds`` does, which counts from now: the earlier holds.

        Raises
        ------
        ConfigurationError
            If ``beta`` is not positive and finite.
        """
        brackets = self.brackets(data, beta, start, deadline=deadline)
        solution = next(brackets)
        try:
            for better in brackets:
                solution = better
        except KeyboardInterrupt:
            return replace(solution, status=Status.INTERRUPTED)
        return solution

    def brackets(
        self,
        data: Dataset,
        beta: float,
        start: TwoLayerNetwork | None = None,
        *,
        deadline: Deadline = NEVER,
        workers: Workers | None = None,
    ) -> Iterator[GlobalSolution]:
        """Yield one bracket after another, each inside the one before, until one is good enough.

        The first comes at once, also after the deadline; the last one's status says why there are
        no more. What processes are given is not let go here.

        Raises
        ------
        ConfigurationError
            If ``beta`` is not positive and finite, or the scheduler or its workers do not answer.
        """
        if not (beta > 0.0 and math.isfinite(beta)):
            raise ConfigurationError(f"Expected a positive, finite beta, got {beta}; raise beta.")
        began = time.monotonic()
        if self.max_seconds is not None:
            deadline = deadline.capped(self.max_seconds)
        there = (
            workers_of(self.workers, self.scheduler) if workers is None else nullcontext(workers)
        )
        with there as processes:
            yield from self._brackets(data, beta, start, processes, began, deadline)

    def _brackets(
        self,
        data: Dataset,
        beta: float,
        start: TwoLayerNetwork | None,
        workers: Workers,
        began: float,
        deadline: Deadline,
    ) -> Iterator[GlobalSolution]:
        rng = np.random.default_rng(self.seed)
        search = NetworkSearch(data, beta, self.rtol, rng, start, self.loss)
        bracket = Bracket(search, self.rtol, workers)

        def snapshot(status: Status) -> GlobalSolution:
            return GlobalSolution(
                search.network,
                bracket.certificate,
                Status.SOLVED if bracket.is_closed else status,
                bracket.bound,
                search.n_rounds,
                bracket.n_regions,
                time.monotonic() - began,
                n_lost_workers=bracket.n_lost_workers,
            )

        try:
            for _ in self._work(bracket, deadline):
                late = deadline.has_passed
                yield snapshot(Status.TIME_LIMIT if late else Status.RUNNING)
                if late or bracket.is_closed:
                    return
        except OutOfTimeError:
            # in the middle of a piece, of which nothing is kept
            yield snapshot(Status.TIME_LIMIT)
            return
        yield snapshot(Status.INACCURATE)

    def _work(self, bracket: Bracket, deadline: Deadline) -> Iterator[None]:
        """Do one piece of work after another; the caller looks at the clock in between."""
        yield from OPENING.improve(bracket, deadline)
        # the count of patterns that it may ask for is not free, and the first bracket comes at once
        bounds = schedule(self.certificate, bracket.search.data, self.loss)
        for bound in bounds.first:
            yield from bound.improve(bracket, deadline)
        yield from bracket.search.descend_wide(deadline.within(WIDE_SHARE))
        for bound in bounds.before_search:
            yield from bound.improve(bracket, deadline.within(BOUND_SHARE))
        yield from self._search(bracket.search, deadline.within(SEARCH_SHARE))
        yield from OPENING.improve(bracket, deadline)
        for bound in bounds.after_search:
            yield from bound.improve(bracket, deadline)

    def _search(self, search: NetworkSearch, turn: Deadline) -> Iterator[None]:
        """Improve the network until it stops improving or it is the bounds' turn."""
        search.solve_first(self.n_gates, turn)
        yield
        has_stalled = False
        for _ in range(MAX_SEARCH_ROUNDS):
            if turn.has_passed:
                break
            if not search.improve(turn):
                if not has_stalled:
                    has_stalled, turn = True, turn.within(AFRESH_SHARE)
                if not search.start_afresh(turn):
                    break
            yield
        search.settle(turn)
        yield
