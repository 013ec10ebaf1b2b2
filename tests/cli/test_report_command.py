import json
import shutil
from pathlib import Path

import pytest
from conftest import Invoke

ROOT = Path(__file__).resolve().parents[2]
ONE = ("--experiment", "svd_noise")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    home = tmp_path / "results/svd_noise"
    home.mkdir(parents=True)
    shutil.copy(ROOT / "tests/references/svd_noise.csv", home / "summary.csv")
    return home.parent


def test_the_page_is_written_beside_the_results(relaxgap: Invoke, results: Path) -> None:
    done = relaxgap("report", *ONE)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "results/report.html\n", "")
    page = results / "report.html"
    assert page.read_text().startswith("<!DOCTYPE html>")
    before = page.read_bytes()
    # a report may be written over
    assert relaxgap("report", *ONE).exit_code == 0
    assert page.read_bytes() == before
    assert sorted(path.name for path in results.iterdir()) == ["report.html", "svd_noise"]


def test_json_says_what_is_on_it(relaxgap: Invoke, results: Path) -> None:
    done = relaxgap("report", str(results), "--out", "a.html", "--json", *ONE)
    said = json.loads(done.stdout)
    assert said == {
        "report": "a.html",
        "bytes": Path("a.html").stat().st_size,
        "experiments": ["svd_noise"],
        "missing": [],
        "claims": {},
    }


def test_a_file_that_is_no_report_is_written_over_only_if_asked(
    relaxgap: Invoke, results: Path
) -> None:
    mine = Path("mine.html")
    mine.write_text("<p>mine</p>")
    refused = relaxgap("report", "--out", str(mine), *ONE)
    assert refused.exit_code == 2
    assert "write over it with --force" in refused.stderr
    assert mine.read_text() == "<p>mine</p>"
    assert relaxgap("report", "--out", str(mine), "--force", *ONE).exit_code == 0
    assert "svd_noise" in mine.read_text()


def test_what_is_missing_is_counted_and_what_cannot_be_read_fails(
    relaxgap: Invoke, results: Path
) -> None:
    done = relaxgap("report", *ONE, "--experiment", "gpu_kernels")
    assert done.exit_code == 0
    assert "1 of 2 experiments have no results" in done.stderr
    (results / "gpu_kernels").mkdir()
    (results / "gpu_kernels/summary.csv").write_text("cell\n")
    done = relaxgap("report", *ONE, "--experiment", "gpu_kernels")
    assert done.exit_code == 1
    assert "relaxgap: gpu_kernels: Expected rows of the columns" in done.stderr
    assert (results / "report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--experiment", "svd_nois"], 2, "did you mean 'svd_noise'?"),
        (["nowhere"], 1, "Expected a folder of results, got 'nowhere'"),
        (["--out", "page.pdf"], 2, "Expected --out to end in .html"),
        (["--out", "no/page.html"], 2, "Expected --out in an existing folder"),
        (["--out", "results"], 2, "Expected --out to be a file"),
        (["--experiment", "gpu_kernels"], 1, "got no summary.csv that can be read"),
    ],
)
def test_a_refusal_is_one_line_and_writes_nothing(
    relaxgap: Invoke, results: Path, arguments: list[str], code: int, said: str
) -> None:
    done = relaxgap("report", *arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(results.parent.rglob("*.html"))
