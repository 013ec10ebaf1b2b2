import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import image
from matplotlib.figure import Figure
from run_summaries import drawn, rendered, tabled, texts

from relaxgap.drawing.stored import read_summary
from relaxgap.drawing.style import figure_style, save
from relaxgap.errors import DataError
from relaxgap.experiments.pattern_preservation import figure as pattern_preservation
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.experiments.solver_benchmark import figure as solver_benchmark
from relaxgap.experiments.solver_growth import figure as solver_growth
from relaxgap.runner.figures import result_table
from relaxgap.runner.summary import summary_columns

REFERENCES = Path(__file__).resolve().parents[1] / "references"


def reference(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCES / f"{name}.csv")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_table_is_plain_text_without_nan(name: str, tmp_path: Path) -> None:
    shutil.copy(REFERENCES / f"{name}.csv", tmp_path / "summary.csv")
    table = result_table(name, tmp_path)
    assert len(table.splitlines()) > 2
    assert "nan" not in table.lower()


def test_a_summary_is_read_with_the_columns_of_its_record(tmp_path: Path) -> None:
    shutil.copy(REFERENCES / "gap_vs_log_n.csv", tmp_path / "summary.csv")
    columns = summary_columns(EXPERIMENTS["gap_vs_log_n"])
    assert list(read_summary(tmp_path, columns).columns) == columns
    with pytest.raises(DataError, match="Expected rows of the columns"):
        result_table("pattern_preservation", tmp_path)


def test_a_summary_with_a_header_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "summary.csv").write_text("n,d\n")
    with pytest.raises(DataError, match="got 0 rows"):
        read_summary(tmp_path, ["n", "d"])


def test_preservation_without_gradient_descent_shows_the_method_there_is() -> None:
    summary = reference("pattern_preservation").assign(method="sgd")
    assert "SGD" in texts(drawn(pattern_preservation, summary))


def test_more_widths_than_colours_are_drawn() -> None:
    summary = reference("pattern_preservation")
    one = summary[(summary["width"] == summary["width"].min()) & (summary["protocol"] == "L")]
    many = pd.concat([one.assign(width=width) for width in range(1, 10)])
    assert isinstance(drawn(pattern_preservation, many), Figure)


def test_png_and_pdf_carry_no_date_and_no_version(tmp_path: Path) -> None:
    with figure_style():
        figure = Figure()
        figure.add_subplot().plot(np.arange(3))
        png, pdf = save(figure, tmp_path, "line")
    for content in (png.read_bytes(), pdf.read_bytes()):
        assert b"CreationDate" not in content
        assert b"Matplotlib" not in content
    opacity = image.imread(png)[..., 3]
    assert (opacity == 1.0).all()


@pytest.mark.parametrize(
    "drawer", [solver_growth, pytest.param(solver_benchmark, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("absent", [False, True])
def test_timings_of_one_size_and_of_absent_solvers_are_drawn(drawer: object, absent: bool) -> None:
    summary = reference(drawer.__name__.split(".")[-2])  # type: ignore[attr-defined]
    one = summary[summary["n"] == summary["n"].min()]
    if absent:
        empty = dict.fromkeys(["relative_error", "seconds", "primal_value"], np.nan)
        one = one.assign(status="absent", **empty)
    rendered(drawn(drawer, one))  # type: ignore[arg-type]
    assert not tabled(drawer, one).empty  # type: ignore[arg-type]


def test_a_last_bit_of_the_places_does_not_change_the_pdf(tmp_path: Path) -> None:
    # as logarithms of another processor do
    rng = np.random.default_rng(0)
    places = rng.random((4000, 2))
    written = []
    for moved in (places, np.nextafter(places, rng.integers(0, 2, places.shape))):
        with figure_style():
            figure = Figure()
            figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(0, 1), ylim=(0, 1)).plot(*moved.T, "o")
            _, pdf = save(figure, tmp_path, "dots")
        written.append(pdf.read_bytes())
    assert written[0] == written[1]
