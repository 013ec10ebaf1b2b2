import numpy as np
import pytest
from run_summaries import RUN, as_read, drawn, rendered, tabled, texts

from relaxgap.errors import DataError
from relaxgap.experiments.subsampled_program import figure as subsampled_program
from relaxgap.experiments.subsampled_program.figure import with_differences

PROGRAM = {
    **RUN,
    "boundary": "active",
    "residual": 1e-4,
    "n_boundary_bits": 3,
    "n_blocks": 3,
    "signed": 2.0 - 2e-7,
    "signed_bound": 2.0 - 4e-7,
    "both_signs": 2.0 - 2e-7,
    "both_signs_bound": 2.0 - 4e-7,
}
BELOW = {"both_signs": 1.8, "both_signs_bound": 1.8 - 1e-7}


def programs(*changes: dict[str, object]) -> list[dict[str, object]]:
    return [PROGRAM | change for change in changes]


def test_only_a_value_below_the_bound_of_the_signed_program_fails() -> None:
    rows = programs(
        {},
        BELOW | {"boundary": "inactive"},
        # below the signed value, not below its bound
        {"seed": 1, "both_signs": 2.0 - 3e-7},
        # below it by less than the threshold
        {"seed": 2, "both_signs": (2.0 - 4e-7) * (1.0 - 9e-6)},
    )
    frame = with_differences(as_read(rows))
    assert frame["fails"].tolist() == [False, True, False, False]
    assert frame["both_signs_off"].iloc[1] == pytest.approx(-0.1)
    result = tabled(subsampled_program, as_read(rows))
    assert result["failures"].tolist() == [0, 1]
    assert result["fall_max"].iloc[1] == pytest.approx(0.1, rel=1e-5)
    assert result["signed_max"].tolist() == pytest.approx([1e-7, 1e-7], rel=1e-3)


def test_the_share_of_runs_that_fall_is_at_their_worst_boundary() -> None:
    rows = programs({}, BELOW | {"boundary": "inactive"}, {"seed": 1})
    figure = rendered(drawn(subsampled_program, as_read(rows)))
    shares = figure.axes[2].lines[0]
    np.testing.assert_allclose(shares.get_ydata(orig=True), [1.0, 0.5, 0.0])
    np.testing.assert_allclose(shares.get_xdata(orig=True), [1e-8, 1e-8, 0.1], rtol=1e-5)
    written = texts(figure)
    assert "1 of 2 networks are beaten by more than $10^{-5}$" in written
    assert "1 runs fall further for one setting of the boundary bits only" in written


def test_diverged_and_unconverged_runs_are_counted() -> None:
    rows = programs(
        {},
        {"seed": 1, "status": "diverged", "loss": np.inf},
        {"seed": 2, "residual": 0.5},
    )
    frame = as_read(rows)
    written = texts(drawn(subsampled_program, frame))
    assert "1 of 3 runs diverged" in written
    assert "1 of 3 runs stopped with a residual above 0.01" in written
    (row,) = tabled(subsampled_program, frame).itertuples()
    assert (row.runs, row.diverged, row.unconverged, row.failures) == (3, 1, 1, 0)
    assert row.signed_max == pytest.approx(1e-7, rel=1e-6)


def test_a_summary_of_diverged_runs_only_is_refused() -> None:
    rows = programs({"status": "diverged", "loss": np.inf})
    with pytest.raises(DataError, match="did not diverge"):
        drawn(subsampled_program, as_read(rows))
