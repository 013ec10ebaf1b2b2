import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from relaxgap.experiments.catalogue import EXPERIMENTS

from relaxgap.drawing.style import figure_style, save
from relaxgap.errors import DataError
from relaxgap.runner.figures import DRAWINGS, draw_summary, read_summary, result_table

REFERENCES = Path(__file__).resolve().parents[1] / "references"


@pytest.fixture
def summary_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    shutil.copy(REFERENCES / f"{request.param}.csv", tmp_path / "summary.csv")
    return tmp_path


def test_every_experiment_has_a_drawing() -> None:
    assert set(DRAWINGS) == set(EXPERIMENTS)


@pytest.mark.parametrize(
    ("name", "summary_folder"),
    [
        ("gap_vs_width", "gap_vs_width"),
        pytest.param("coupling_lemma", "coupling_lemma", marks=pytest.mark.slow),
        pytest.param("assumption_a2", "assumption_a2", marks=pytest.mark.slow),
        pytest.param("exact_optimum", "exact_optimum", marks=pytest.mark.slow),
        pytest.param("gap_vs_log_n", "gap_vs_log_n", marks=pytest.mark.slow),
        pytest.param("pattern_preservation", "pattern_preservation", marks=pytest.mark.slow),
        pytest.param("solver_benchmark", "solver_benchmark", marks=pytest.mark.slow),
        pytest.param("solver_growth", "solver_growth", marks=pytest.mark.slow),
        pytest.param("stationary_points", "stationary_points", marks=pytest.mark.slow),
        pytest.param("subsampled_program", "subsampled_program", marks=pytest.mark.slow),
        pytest.param("descent_path", "descent_path", marks=pytest.mark.slow),
        pytest.param("landscape_width", "landscape_width", marks=pytest.mark.slow),
    ],
    indirect=["summary_folder"],
)
def test_a_figure_is_byte_identical_when_drawn_again(name: str, summary_folder: Path) -> None:
    first = {path: path.read_bytes() for path in draw_summary(name, summary_folder)}
    assert {path.name for path in first} == {f"{name}.png", f"{name}.pdf"}
    assert all(first.values())
    for path in first:
        path.unlink()
    assert {path: path.read_bytes() for path in draw_summary(name, summary_folder)} == first


@pytest.mark.parametrize(
    ("name", "summary_folder"), [(name, name) for name in DRAWINGS], indirect=["summary_folder"]
)
def test_a_table_is_plain_text_without_nan(name: str, summary_folder: Path) -> None:
    table = result_table(name, summary_folder)
    assert len(table.splitlines()) > 2
    assert "nan" not in table.lower()


@pytest.mark.parametrize("summary_folder", ["gap_vs_log_n"], indirect=True)
def test_a_summary_is_read_with_the_columns_of_its_record(summary_folder: Path) -> None:
    summary = read_summary("gap_vs_log_n", summary_folder)
    record = EXPERIMENTS["gap_vs_log_n"].record
    assert list(summary.columns) == [field.name for field in fields(record)]
    with pytest.raises(DataError, match="Expected rows of the columns"):
        read_summary("pattern_preservation", summary_folder)


def test_a_summary_with_a_header_only_is_refused(tmp_path: Path) -> None:
    columns = [field.name for field in fields(EXPERIMENTS["gap_vs_log_n"].record)]
    (tmp_path / "summary.csv").write_text(",".join(columns) + "\n")
    with pytest.raises(DataError, match="got 0 rows"):
        read_summary("gap_vs_log_n", tmp_path)


@pytest.mark.parametrize("summary_folder", ["pattern_preservation"], indirect=True)
def test_preservation_without_gradient_descent_shows_the_method_there_is(
    summary_folder: Path,
) -> None:
    summary = read_summary("pattern_preservation", summary_folder)
    figure = DRAWINGS["pattern_preservation"].figure(summary.assign(method="sgd"))
    assert any("SGD" in text.get_text() for text in figure.texts)


@pytest.mark.parametrize("summary_folder", ["pattern_preservation"], indirect=True)
def test_more_widths_than_colours_are_drawn(summary_folder: Path) -> None:
    summary = read_summary("pattern_preservation", summary_folder)
    one = summary[summary["width"] == summary["width"].min()]
    many = pd.concat([one.assign(width=width) for width in range(1, 10)])
    assert isinstance(DRAWINGS["pattern_preservation"].figure(many), Figure)


def test_png_and_pdf_carry_no_date_and_no_version(tmp_path: Path) -> None:
    with figure_style():
        figure = Figure()
        figure.add_subplot().plot(np.arange(3))
        png, pdf = save(figure, tmp_path, "line")
    for content in (png.read_bytes(), pdf.read_bytes()):
        assert b"CreationDate" not in content
        assert b"Matplotlib" not in content


@pytest.mark.parametrize("summary_folder", ["solver_growth", "solver_benchmark"], indirect=True)
@pytest.mark.parametrize("absent", [False, True])
def test_timings_of_one_size_and_of_absent_solvers_are_drawn(
    summary_folder: Path, absent: bool, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.params["summary_folder"]
    summary = read_summary(name, summary_folder)
    one = summary[summary["n"] == summary["n"].min()]
    if absent:
        empty = dict.fromkeys(["relative_error", "seconds", "primal_value"], np.nan)
        one = one.assign(status="absent", **empty)
    with figure_style():
        figure = DRAWINGS[name].figure(one)
        save(figure, summary_folder, name)
    assert not DRAWINGS[name].table(one).empty
