"""Our brackets of sharpness and a conic solver's values, timed on the same cones."""

import pandas as pd
import pytest

from relaxgap.data import GaussianData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.sharpness_benchmark.cell import BatchSettings, Settings, run
from relaxgap.experiments.sharpness_benchmark.figure import gains_of


def test_a_conic_solver_finds_what_our_brackets_hold() -> None:
    batch = BatchSettings(n_cones=12, n_conic=12, tolerances=(1e-3, 1e-6), repeats=2)
    found = pd.DataFrame(run(Cell(GaussianData(n=16, d=8, labels="noise"), Settings(batch))))
    ours, conic = found[found["method"] == "ours"], found[found["method"] == "clarabel"]
    assert ours["tolerance"].tolist() == [1e-3, 1e-6]
    assert (ours["widest"] <= ours["tolerance"]).all()
    assert conic["largest_excess"].between(-1e-6, 1e-6).all()
    speeds = 60.0 * found["n_cones"] / found["seconds"]
    assert speeds.tolist() == pytest.approx(found["cones_a_minute"].tolist())
    gain = ours["cones_a_minute"].iloc[0] / conic["cones_a_minute"].iloc[0]
    assert gains_of(found).tolist() == pytest.approx([gain])


@pytest.mark.parametrize("settings", [{"n_cones": 0}, {"tolerances": (0.0,)}])
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="Expected"):
        BatchSettings(**settings)  # type: ignore[arg-type]
