"""A small folder of results and its page, made once for the tests that read them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from parsed_page import ParsedPage, parsed

from relaxgap.report import read_contents, report_page

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("svd_noise", "kappa_scale", "gpu_kernels")
"""One with brackets, one with claims, one without results of its own settings."""


def fill(results: Path) -> None:
    """Write results as `relaxgap run` leaves them: two of their own settings, one with others."""
    for folder in ("svd_noise", "kappa_scale", "svd_noise/scale=ci"):
        home = results / folder
        home.mkdir(parents=True)
        shutil.copy(ROOT / f"tests/references/{folder.split('/')[0]}.csv", home / "summary.csv")
    committed = json.loads((ROOT / "results/svd_noise/manifest.json").read_text())
    (results / "svd_noise/manifest.json").write_text(json.dumps(committed))


def page_of(results: Path) -> str:
    """Return the page of a folder."""
    return report_page(read_contents(results, NAMES))


@pytest.fixture(scope="session")
def small_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of results; it is not to be written to."""
    results = tmp_path_factory.mktemp("results")
    fill(results)
    return results


@pytest.fixture(scope="session")
def small_page(small_results: Path) -> str:
    """Return its page."""
    return page_of(small_results)


@pytest.fixture(scope="session")
def small(small_page: str) -> ParsedPage:
    """Return the elements of its page."""
    return parsed(small_page)


@pytest.fixture
def another_page(tmp_path: Path) -> Callable[[Callable[[Path], None]], str]:
    """Return what makes the page of a folder in which something was changed."""

    def make(change: Callable[[Path], None]) -> str:
        results = tmp_path / "other name of results"
        fill(results)
        change(results)
        return page_of(results)

    return make
