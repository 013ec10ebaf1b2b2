r"""Connected components of the set of optimal networks of a width, from the vertices alone.

The weights of optimal networks are a polytope :math:`\Theta^* = \{c \ge 0 : A c = f\}`. Those over
a set ``S`` of neurons are one of its faces, convex, with vertices of its own, and two faces that
meet do so in the face of the neurons that they share. So two vertices are joined within the
networks of at most ``m`` neurons if their supports have at most ``m`` in all, and the components of

.. math:: \{c \in \Theta^* : |\mathrm{supp}(c)| \le m\}

are those of the graph of these pairs. A network of ``m`` neurons whose neurons split some
direction is joined to the one that holds it once, by moving the weight over; so this is also the
number of components of the optimal networks of width ``m`` *up to permutations of the neurons*.

As *labelled* networks, points of :math:`R^{m(d+1)}`, give each of the ``m`` places a direction or
none. The networks of one such choice are a polytope again, whose vertices are vertices of
:math:`\Theta^*` with each of their neurons at one place, and by the same argument two of these are
joined if no place has two different directions.

With ``r`` the rank of the columns, an edge of the polytope has at most :math:`r + 1` neurons, and
the edges connect all vertices: from :math:`r + 1` neurons on the optimal networks are connected,
and :math:`r \le n`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from math import factorial, perm

import numpy as np
from jaxtyping import Bool, Int

MAX_PLACEMENTS = 20_000
"""Placements of vertices that are joined to anything beyond which they are not counted."""
EMPTY = -1

Joined = Callable[[int, Int[np.ndarray, " r"]], Bool[np.ndarray, " r"]]
"""Which of some nodes a node is joined to."""


@dataclass(frozen=True, slots=True)
class Components:
    """Count components, and those that are a single network.

    Parameters
    ----------
    count : int
        Connected components.
    n_single : int
        Components that are one point: a vertex that needs all the neurons there are, joined to no
        other. One with a neuron to spare can split another neuron.
    """

    count: int
    n_single: int


def up_to_permutations(supports: Bool[np.ndarray, "v k"], width: int) -> Components:
    """Count the components of optimal networks of a width whose neurons have no order.

    Parameters
    ----------
    supports : (v, k) bool
        Neurons of each vertex; all vertices, each once.
    width : int
        Neurons, some of which may be zero.
    """
    kept, joined = _joined_vertices(supports, width)
    sizes = kept.sum(axis=1)
    label = _components(len(kept), lambda v, rest: np.asarray(joined[v, rest]))
    return _counted(label, sizes, width)


def labelled(supports: Bool[np.ndarray, "v k"], width: int) -> Components | None:
    """Count the components of optimal networks of a width as points of weight space.

    Parameters
    ----------
    supports : (v, k) bool
        Neurons of each vertex; all vertices, each once.
    width : int
        Neurons, some of which may be zero.

    Returns
    -------
    Components or None
        None where there are too many placements.
    """
    inside, near = _joined_vertices(supports, width)
    # no room to split, and none for another vertex beside it: each order of it is alone
    alone = (inside.sum(axis=1) == width) & (near.sum(axis=1) == 1) & (width > 0)
    n_alone = int(alone.sum()) * factorial(width)
    kept = [np.flatnonzero(row) for row in inside[~alone]]
    if sum(perm(width, len(neurons)) for neurons in kept) > MAX_PLACEMENTS:
        return None
    placed: list[Int[np.ndarray, " m"]] = []
    vertex: list[int] = []
    for v, neurons in enumerate(kept):
        for places in permutations(range(width), len(neurons)):
            row = np.full(width, EMPTY)
            row[list(places)] = neurons
            placed.append(row)
            vertex.append(v)
    table = np.array(placed, dtype=np.int64).reshape(len(placed), width)

    def joined(one: int, rest: Int[np.ndarray, " r"]) -> Bool[np.ndarray, " r"]:
        mine, others = table[one], table[rest]
        agree = (others == mine) | (others == EMPTY) | (mine == EMPTY)
        return np.asarray(agree.all(axis=1))

    sizes = np.array([len(kept[v]) for v in vertex], dtype=np.int64)
    others = _counted(_components(len(table), joined), sizes, width)
    return Components(others.count + n_alone, others.n_single + n_alone)


def _joined_vertices(
    supports: Bool[np.ndarray, "v k"], width: int
) -> tuple[Bool[np.ndarray, "w k"], Bool[np.ndarray, "w w"]]:
    """Return the vertices of at most so many neurons, and which two have no more together."""
    kept = supports[supports.sum(axis=1) <= width]
    sizes = kept.sum(axis=1)
    shared = kept.astype(np.int64) @ kept.T.astype(np.int64)
    return kept, np.asarray(sizes[:, None] + sizes[None, :] - shared <= width)


def _components(count: int, joined: Joined) -> Int[np.ndarray, " c"]:
    """Label the nodes of a graph by component, each searched from its first node."""
    label = np.full(count, -1)
    rest = np.arange(count)
    while rest.size:
        waiting, rest = [int(rest[0])], rest[1:]
        number = waiting[0]
        label[number] = number
        while waiting and rest.size:
            near = joined(waiting.pop(), rest)
            label[rest[near]] = number
            waiting += rest[near].tolist()
            rest = rest[~near]
    return label


def _counted(label: Int[np.ndarray, " c"], sizes: Int[np.ndarray, " c"], width: int) -> Components:
    found, members = np.unique(label, return_counts=True)
    alone = members[np.searchsorted(found, label)] == 1
    # the zero network, of no neuron at all, cannot be split
    whole = (sizes == width) | (sizes == 0)
    return Components(len(found), int(np.count_nonzero(alone & whole)))
