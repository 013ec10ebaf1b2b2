"""Work that does not fit the memory of the machine is refused before it begins."""

from pathlib import Path

import numpy as np
import pytest

from relaxgap.data.dataset import Dataset
from relaxgap.errors import ConfigurationError
from relaxgap.numerics import memory
from relaxgap.numerics.memory import machine_bytes, refuse_beyond_memory
from relaxgap.patterns.pattern_set import pattern_set_from_gates
from relaxgap.problems import relu_program
from relaxgap.solvers import SemismoothNewton


def test_a_machine_has_memory_and_a_container_may_have_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = machine_bytes()
    assert 1e7 < everything < np.inf
    limit, none, absent = tmp_path / "limit", tmp_path / "none", tmp_path / "absent"
    limit.write_text("1000000\n", encoding="ascii")
    none.write_text("max\n", encoding="ascii")
    monkeypatch.setattr(memory, "CGROUP_LIMITS", (none, absent, limit))
    assert machine_bytes() == 1e6
    monkeypatch.setattr(memory, "CGROUP_LIMITS", (none, absent))
    assert machine_bytes() >= everything


def test_what_does_not_fit_is_refused_in_one_line() -> None:
    refuse_beyond_memory(1e3, "a list", "make it shorter")
    with pytest.raises(
        ConfigurationError, match=r"got a list .* 1000000000\.0 GB; make it"
    ) as said:
        refuse_beyond_memory(1e18, "a list", "make it shorter")
    assert "\n" not in str(said.value)


def test_a_newton_system_that_does_not_fit_is_refused_before_it_is_formed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "machine_bytes", lambda: 1e5)
    rng = np.random.default_rng(0)
    data = Dataset(rng.standard_normal((60, 30)), rng.standard_normal(60))
    patterns = pattern_set_from_gates(data.X, rng.standard_normal((5, 30)))
    with pytest.raises(ConfigurationError, match="Newton system of 60 samples and 10 blocks"):
        SemismoothNewton().solve(relu_program(data, patterns, 1.0))
