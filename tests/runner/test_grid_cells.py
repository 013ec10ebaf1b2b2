"""The cells of a grid share what they have in common, and are what each would be alone."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from composed import compose_plain, with_overrides

from relaxgap.data import FileData
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.cells import CellsOfGrid
from relaxgap.runner.changed_settings import with_settings
from relaxgap.runner.config import checked
from relaxgap.runner.grid import grid_points


def test_a_file_is_read_once_however_many_cells_are_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,y\n1,2\n")
    config = compose_plain(["data=file", f"data.path={path}"])
    config["grid"] = {"seed": list(range(5))}
    read: list[str] = []
    fingerprint = FileData.fingerprint

    @functools.wraps(fingerprint)
    def counted(source: FileData) -> list[str]:
        read.append(source.path)
        return fingerprint(source)

    monkeypatch.setattr(FileData, "fingerprint", counted)
    assert len({point.key for point in grid_points(config)}) == 5
    assert read == [str(path)]


def test_configs_share_what_a_setting_leaves_alone(base: Callable[[str], dict[str, Any]]) -> None:
    full = checked(base("gap_vs_log_n"))
    changed = with_settings(full, {"data.n": 6, "seed": 1})
    assert (changed["data"]["n"], changed["seed"]) == (6, 1)
    assert (full["data"]["n"], full["seed"]) != (6, 1)
    assert changed["training"] is full["training"]


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("regularisation.beta_fraction", 1, 1.0),
        ("regularisation.beta_fraction", "0.5", 0.5),
        ("seed", "7", 7),
        ("data.noise", 0, 0.0),
        ("networks.width", "n", ["n"]),
        ("networks.width", ["n", 4], ["n", "4"]),
        ("data_seed", None, None),
    ],
)
def test_a_value_of_another_type_becomes_what_a_whole_check_makes_of_it(
    base: Callable[[str], dict[str, Any]], path: str, value: object, found: object
) -> None:
    config = base("gap_vs_log_n")
    name = path.replace(".", "__")
    expected = checked(with_overrides(base("gap_vs_log_n"), **{name: found}))
    changed = with_settings(checked(config), {path: value})
    assert repr(changed) == repr(expected)


@pytest.mark.parametrize(
    ("path", "value"),
    [("seed", "one"), ("data.n", 1.5), ("data.n", True), ("data.kind", "digits")],
)
def test_a_value_that_a_whole_check_refuses_is_refused(
    base: Callable[[str], dict[str, Any]], path: str, value: object
) -> None:
    full = checked(base("gap_vs_log_n"))
    with pytest.raises(ConfigurationError):
        CellsOfGrid(EXPERIMENTS["gap_vs_log_n"]).make(with_settings(full, {path: value}))


def test_a_value_out_of_range_is_refused(base: Callable[[str], dict[str, Any]]) -> None:
    changed = with_settings(checked(base("gap_vs_log_n")), {"data.n": -1})
    with pytest.raises(ConfigurationError, match="n"):
        CellsOfGrid(EXPERIMENTS["gap_vs_log_n"]).make(changed)
