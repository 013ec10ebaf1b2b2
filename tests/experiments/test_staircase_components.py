"""Components of optimal networks of a width, where they are known by hand and in two ways."""

from itertools import combinations, permutations

import numpy as np
import pytest
from continua import CONTINUA

from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.experiments.staircase.cell import exact_supports
from relaxgap.experiments.staircase.components import (
    MAX_PLACEMENTS,
    Components,
    labelled,
    up_to_permutations,
)


def supports_of(*vertices: set[int]) -> np.ndarray:
    k = 1 + max((neuron for vertex in vertices for neuron in vertex), default=0)
    return np.array([[neuron in vertex for neuron in range(k)] for vertex in vertices])


def test_one_neuron_or_two_others_are_joined_once_there_is_room_for_three() -> None:
    vertices = supports_of({0}, {1, 2})
    counts = [up_to_permutations(vertices, width) for width in range(4)]
    # at width 2 the first vertex splits, the second is alone
    assert counts == [Components(0, 0), Components(1, 1), Components(2, 1), Components(1, 0)]
    # labelled: one; the first, split or not, and two orders of the second; one
    counts = [found for width in range(4) if (found := labelled(vertices, width))]
    assert counts == [Components(0, 0), Components(1, 1), Components(3, 2), Components(1, 0)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_unique_network_has_as_many_places_as_permutations_until_one_place_is_free(
    size: int,
) -> None:
    vertices = supports_of(set(range(size)))
    factorial = int(np.prod(range(1, size + 1)))
    assert labelled(vertices, size) == Components(factorial, factorial)
    assert labelled(vertices, size + 1) == Components(1, 0)
    assert up_to_permutations(vertices, size) == Components(1, 1)


def test_the_zero_network_is_one_point_of_every_width() -> None:
    vertices = np.zeros((1, 0), dtype=np.bool_)
    assert up_to_permutations(vertices, 2) == labelled(vertices, 2) == Components(1, 1)


def test_too_many_placements_are_not_counted() -> None:
    assert labelled(supports_of({0, 1, 2, 3, 4}), 12) is None
    assert MAX_PLACEMENTS < 12 * 11 * 10 * 9 * 8


@pytest.mark.parametrize("name", CONTINUA)
def test_the_graph_of_vertices_counts_what_the_faces_and_all_placements_count(name: str) -> None:
    made = CONTINUA[name]
    supports = exact_supports(optimal_set(made.X, made.y, beta=made.beta))
    for width in range(made.smallest_width, made.largest_width + 3):
        found = up_to_permutations(supports, width)
        assert found.count == components_of_faces(supports, width)
        placed = labelled(supports, width)
        assert placed is not None
        assert placed.count == components_of_placements(supports, width)
        # order only multiplies what is apart
        assert placed.count >= found.count


def merged(sets: list[frozenset[int]]) -> int:
    """Return the number of classes of sets of vertices that share one, transitively."""
    classes: list[frozenset[int]] = []
    for one in sets:
        touching = [other for other in classes if one & other]
        classes = [other for other in classes if not one & other]
        classes.append(one.union(*touching))
    return len(classes)


def components_of_faces(supports: np.ndarray, width: int) -> int:
    """Count by the faces over every set of neurons of this size: those meet that share a vertex."""
    k = supports.shape[1]
    faces = []
    for chosen in combinations(range(k), min(width, k)):
        outside = np.delete(np.arange(k), chosen)
        inside = np.flatnonzero(~supports[:, outside].any(axis=1))
        if inside.size:
            faces.append(frozenset(inside.tolist()))
    return merged(faces)


def components_of_placements(supports: np.ndarray, width: int) -> int:
    """Count by giving each place every direction: a polytope each, whose vertices are placed."""
    numbers: dict[tuple[tuple[int, int], ...], int] = {}
    sets = []
    k = supports.shape[1]
    for choice in np.ndindex(*(k,) * width):
        points = set()
        for vertex in supports:
            for places in permutations(range(width), int(vertex.sum())):
                if [choice[p] for p in places] == np.flatnonzero(vertex).tolist():
                    placed = tuple(sorted((p, choice[p]) for p in places))
                    points.add(numbers.setdefault(placed, len(numbers)))
        if points:
            sets.append(frozenset(points))
    return merged(sets)
