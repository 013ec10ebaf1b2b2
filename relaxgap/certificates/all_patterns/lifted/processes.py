"""Regions in several processes, which take their part of every step.

All regions share one dual point: a step sends it and the penalty, which have no more numbers than
there are samples, and gets as many back from every region. The matrices are moved when a region is
handed out, and come home with every bound; a region whose process is lost goes on here from where
it last came home. Any multipliers prove a price, so that no bound depends on what is lost.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from relaxgap.certificates.all_patterns.lifted.region import LiftedRegion, State
from relaxgap.numerics.workers import ALONE, Worker, WorkerLostError, Workers

Found = TypeVar("Found")


class RegionProcesses:
    """Share regions out among processes, of which this one is the first.

    A context manager: the others end with it. They are started when there are regions for them.

    Parameters
    ----------
    source : Workers
        What the other processes are, and how many at most; without any all work is done here.
    """

    def __init__(self, source: Workers = ALONE) -> None:
        self.n_processes, self.n_lost = source.n_processes, 0
        self.workers: list[Worker] = []
        self._source = source
        self._places: dict[LiftedRegion, Worker] = {}
        self._is_home = True

    def __enter__(self) -> "RegionProcesses":
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self.workers:
            worker.end()
        self.workers, self._places = [], {}

    def deal(self, regions: list[LiftedRegion]) -> None:
        """Give every process as many of these regions as the others, up to one, and no more.

        A region whose matrices were changed here has to be a new one, or to have been left out
        before.
        """
        if self.n_processes == 1:
            return
        self._start(len(regions))
        known = set(regions)
        self._drop([region for region in self._places if region not in known])
        if self._next_move(regions) is not None:
            self.bring_home()
        while (move := self._next_move(regions)) is not None:
            region, target = move
            self._drop([region])
            if target is not None:
                self._ask(target, partial(_keep, key=id(region), region=region), None)
                if target in self.workers:
                    self._places[region] = target

    def each(
        self, regions: list[LiftedRegion], work: Callable[[LiftedRegion], Found]
    ) -> list[Found]:
        """Do work on every region, where it is, and return what it gave in their order.

        Parameters
        ----------
        regions : list of LiftedRegion
            All that were dealt, and others, which are here.
        work : callable
            Pickled if there are other processes.
        """
        asked = [worker for worker in self.workers if self._send(worker, partial(_on_each, work))]
        self._is_home = self._is_home and not asked
        found = {id(r): work(r) for r in regions if r not in self._places}
        for worker in asked:
            found |= self._receive(worker, {})
        # those of a worker that was lost meanwhile
        return [found[id(r)] if id(r) in found else work(r) for r in regions]

    def bring_home(self) -> None:
        """Bring the matrices of all regions here, where they may be looked at."""
        if self._is_home:
            return
        places = {id(region): region for region in self._places}
        nothing: dict[int, State] = {}
        for worker in list(self.workers):
            for key, state in self._ask(worker, _states, nothing).items():
                places[key].state = state
        self._is_home = True

    def _start(self, n_regions: int) -> None:
        n_workers = min(self.n_processes, n_regions) - 1
        while len(self.workers) < min(n_workers, self.n_processes - 1 - self.n_lost):
            try:
                self.workers.append(self._source.start())
            except WorkerLostError:
                self.n_lost += 1

    def _next_move(
        self, regions: Iterable[LiftedRegion]
    ) -> tuple[LiftedRegion, Worker | None] | None:
        """Return a region to move and the process to move it to; None if all have their share."""
        shares: dict[Worker | None, list[LiftedRegion]] = {None: []}
        shares |= {worker: [] for worker in self.workers}
        for region in regions:
            shares[self._places.get(region)].append(region)
        most = max(shares, key=lambda process: len(shares[process]))
        fewest = min(shares, key=lambda process: len(shares[process]))
        if len(shares[most]) - len(shares[fewest]) <= 1:
            return None
        return shares[most][-1], fewest

    def _drop(self, regions: list[LiftedRegion]) -> None:
        """Let the processes that have these regions forget them."""
        keys = [id(region) for region in regions]
        for worker in {self._places.pop(region) for region in regions if region in self._places}:
            self._ask(worker, partial(_forget, keys=keys), None)

    def _ask(self, worker: Worker, work: Callable[..., Found], lost: Found) -> Found:
        return self._receive(worker, lost) if self._send(worker, work) else lost

    def _send(self, worker: Worker, work: Callable[..., object]) -> bool:
        try:
            worker.ask(work)
        except WorkerLostError:
            self._lose(worker)
            return False
        return True

    def _receive(self, worker: Worker, lost: Found) -> Found:
        try:
            found: Found = worker.answer()
        except WorkerLostError:
            self._lose(worker)
            return lost
        return found

    def _lose(self, worker: Worker) -> None:
        worker.end()
        self.workers.remove(worker)
        self._places = {r: place for r, place in self._places.items() if place is not worker}
        self.n_lost += 1


def _keep(kept: dict[int, LiftedRegion], key: int, region: LiftedRegion) -> None:
    kept[key] = region


def _forget(kept: dict[int, LiftedRegion], keys: list[int]) -> None:
    for key in keys:
        kept.pop(key, None)


def _on_each(
    work: Callable[[LiftedRegion], Found], kept: dict[int, LiftedRegion]
) -> dict[int, Found]:
    return {key: work(region) for key, region in kept.items()}


def _states(kept: dict[int, LiftedRegion]) -> dict[int, State]:
    return {key: region.state for key, region in kept.items()}
