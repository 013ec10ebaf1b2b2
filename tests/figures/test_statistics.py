"""The table step: statistics stand beside their summary and say of which one they are."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from relaxgap.drawing.stored import HASH, statistics_of
from relaxgap.errors import StorageError
from relaxgap.experiments.coupling_lemma import figure as coupling_lemma
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.figures import result_table

ROOT = Path(__file__).resolve().parents[2]
WITH_STATISTICS = [
    "certified_gap",
    "coupling_lemma",
    "success_vs_width",
    "solver_growth",
    "gap_chain",
    "complexity",
]


def counted(summary: pd.DataFrame) -> pd.DataFrame:
    return summary.groupby("method").agg(mean=("value", "mean")).reset_index()


@pytest.fixture
def summary(tmp_path: Path) -> pd.DataFrame:
    (tmp_path / "summary.csv").write_text("method,value\n7,0.1\n7,0.2\nsgd,0.5\n")
    return pd.read_csv(tmp_path / "summary.csv")


def test_statistics_are_written_once_and_then_read(summary: pd.DataFrame, tmp_path: Path) -> None:
    def never(summary: pd.DataFrame) -> pd.DataFrame:
        raise AssertionError("computed again")

    first = statistics_of(tmp_path, summary, counted)
    assert (tmp_path / "statistics.csv").exists()
    pd.testing.assert_frame_equal(statistics_of(tmp_path, summary, never), first)


def test_statistics_are_the_same_numbers_after_the_file(
    summary: pd.DataFrame, tmp_path: Path
) -> None:
    stored = statistics_of(tmp_path, summary, counted)
    pd.testing.assert_frame_equal(stored.drop(columns=HASH), counted(summary), check_exact=True)


@pytest.mark.parametrize("damage", ["", "method\n\x00", "method,mean\nsgd,9.0\n", None])
def test_statistics_that_are_damaged_missing_or_of_another_summary_are_computed_again(
    summary: pd.DataFrame, tmp_path: Path, damage: str | None
) -> None:
    first = statistics_of(tmp_path, summary, counted)
    path = tmp_path / "statistics.csv"
    content = path.read_bytes()
    if damage is not None:
        path.write_text(damage)
        pd.testing.assert_frame_equal(statistics_of(tmp_path, summary, counted), first)
        assert path.read_bytes() == content
        return
    (tmp_path / "summary.csv").write_text("method,value\nsgd,3.0\n")
    other = statistics_of(tmp_path, pd.read_csv(tmp_path / "summary.csv"), counted)
    assert other["mean"].tolist() == [3.0]
    assert set(other[HASH]) != set(first[HASH])


def test_a_name_of_digits_stays_a_name_where_the_summary_has_others(
    summary: pd.DataFrame, tmp_path: Path
) -> None:
    def numbered(summary: pd.DataFrame) -> pd.DataFrame:
        return counted(summary).iloc[:1]

    statistics_of(tmp_path, summary, numbered)
    assert statistics_of(tmp_path, summary, numbered)["method"].tolist() == ["7"]


def test_statistics_that_cannot_be_written_are_an_error_of_storage(
    summary: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "statistics.csv").mkdir()
    with pytest.raises(StorageError, match="Expected to write"):
        statistics_of(tmp_path, summary, counted)


def test_a_table_comes_from_the_stored_statistics(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/references/solver_growth.csv", tmp_path / "summary.csv")
    result_table("solver_growth", tmp_path)
    path = tmp_path / "statistics.csv"
    pd.read_csv(path, dtype={HASH: str}).assign(slope=123.5).to_csv(path, index=False)
    assert "123.5" in result_table("solver_growth", tmp_path)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_committed_statistics_are_of_the_committed_summary(name: str, tmp_path: Path) -> None:
    home = ROOT / "results" / name
    assert (home / "statistics.csv").exists() is (name in WITH_STATISTICS)
    if name not in WITH_STATISTICS:
        return
    shutil.copy(home / "summary.csv", tmp_path)
    result_table(name, tmp_path)
    committed, computed = (pd.read_csv(at / "statistics.csv") for at in (home, tmp_path))
    # a rise is found by golden section, to the root of the rounding error
    pd.testing.assert_frame_equal(committed, computed, rtol=1e-6, atol=1e-9)


def test_a_sweep_of_other_data_has_slopes_of_its_own() -> None:
    columns = ["data", "n", "d", "method", "learning_rate", "init_scale", "measure"]
    summary = pd.read_csv(ROOT / "tests/references/coupling_lemma.csv")
    twice = pd.concat([summary, summary.assign(data="mine", bits_kept=1.0)])
    slopes = coupling_lemma.statistics(twice).set_index(columns)["slope"].unstack("measure")
    assert slopes.loc["mine", "bits_changed"].isna().all()
    assert slopes.drop("mine", level="data")["bits_changed"].notna().any()
