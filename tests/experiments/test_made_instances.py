"""Made instances have the optimal sets that their descriptions say."""

from fractions import Fraction

import numpy as np
import pytest

from relaxgap.analysis.optimal_set import optimal_set
from relaxgap.data import GaussianData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.made_instances import MadeInstance


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("made", "fraction", "n_neurons", "rank"),
    [
        (MadeInstance("directions"), 0.5, 6, 3),
        (MadeInstance("directions"), 0.125, 6, 3),
        (MadeInstance("signs", pairs=4), 0.25, 16, 5),
    ],
)
def test_the_dual_point_is_half_of_beta_everywhere_and_all_neurons_named_are_tight(
    made: MadeInstance, fraction: float, n_neurons: int, rank: int, seed: int
) -> None:
    data = made.load(Cell(GaussianData(), None, seed))
    beta = made.strength(data, fraction)
    found = optimal_set(data.X, data.y, beta=beta)
    assert found.exact is not None
    assert set(found.exact.nu) == {Fraction(beta) / 2}
    assert len(found.exact.columns) == found.n_neurons == n_neurons
    assert np.linalg.matrix_rank(found.description.neurons.columns) == rank
    assert found.unique == "no"


@pytest.mark.parametrize("pairs", [2, 3])
def test_fewer_pairs_of_signs_are_a_continuum_at_beta_two(pairs: int) -> None:
    made = MadeInstance("signs", pairs=pairs)
    data = made.load(Cell(GaussianData(), None, 0))
    assert data.n == 4 + pairs
    found = optimal_set(data.X, data.y, beta=2.0)
    assert found.exact is not None
    assert set(found.exact.nu) == {Fraction(1)}
    assert found.n_neurons == 2**pairs


def test_no_made_instance_is_the_data_of_the_cell() -> None:
    cell = Cell(GaussianData(n=5, d=2), None, 3)
    np.testing.assert_array_equal(MadeInstance().load(cell).X, cell.load_data().X)


@pytest.mark.parametrize("wrong", [{"kind": "planes"}, {"pairs": 1}, {"pairs": 5}, {"largest": 1}])
def test_a_made_instance_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="Expected made"):
        MadeInstance(**wrong)  # type: ignore[arg-type]
