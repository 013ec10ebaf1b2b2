"""The passes of the device against those of the solver, and what is said where there is none."""

import numpy as np
import pandas as pd
import pytest

from relaxgap.data import Dataset, GaussianData
from relaxgap.experiments.gpu_kernels import cell as experiment
from relaxgap.experiments.gpu_kernels import kernels
from relaxgap.experiments.gpu_kernels.cell import DeviceSettings, Settings, run
from relaxgap.experiments.gpu_kernels.kernels import DeviceRows
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.gates import GateSampling
from relaxgap.numerics.backend import NUMPY
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import gated_program
from relaxgap.solvers.tall.row_passes import HessianProducts, Rows


def rows_of(**passes: object) -> pd.DataFrame:
    settings = Settings(GateSampling(("20",)), DeviceSettings(**passes))  # type: ignore[arg-type]
    data = GaussianData(n=300, d=4, labels="noise")
    return pd.DataFrame(run(Cell(data, settings)))


def test_the_passes_are_those_of_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "CHUNK", 64)
    rng = np.random.default_rng(0)
    data = Dataset(rng.standard_normal((200, 3)), rng.standard_normal(200))
    patterns = pattern_set_from_gates(data.X, rng.standard_normal((7, 3)))
    rows = Rows.of(gated_program(data, patterns, 1.0))
    there = DeviceRows(NUMPY.arrays(), data.X, patterns.patterns.T)
    w, every = rng.standard_normal((7, 3)), np.arange(7)
    np.testing.assert_allclose(there.fit(w), rows.fit(w), rtol=1e-12)
    np.testing.assert_allclose(
        there.gradients(data.y), rows.prices(data.y, slice(None)), rtol=1e-10, atol=1e-12
    )
    product = HessianProducts(rows, every, np.ones(200)).times(w)
    np.testing.assert_allclose(there.product(w), product, rtol=1e-4, atol=1e-3)


def test_both_precisions_are_checked_against_one_thread() -> None:
    found = rows_of(library="numpy", device="cpu", dtypes=("float64", "float32"), repeats=2)
    assert (found["status"] == "measured").all()
    single = found["dtype"] == "float32"
    assert (found.loc[~single, "relative_error"] == 0.0).all()
    assert found.loc[single, "relative_error"].between(1e-9, 1e-5).all()
    assert (found["seconds"] > 0.0).all()
    operations = found[found["kernel"] == "fit"]["gigaflops"]
    assert operations.tolist() == pytest.approx([2e-9 * 300 * 4 * 20] * 3)


def test_no_device_and_too_little_memory_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows_of(device="cuda:9", repeats=1)
    device = found[found["device"] != "cpu"]
    assert (device["status"] == "absent").all()
    assert device["message"].str.contains("Expected").all()
    assert len(device) == 6
    monkeypatch.setattr(experiment, "machine_bytes", lambda: 1e3)
    assert (rows_of(repeats=1)["status"] == "too_large").all()
