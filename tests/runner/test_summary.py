import csv
import io
import itertools
from pathlib import Path

import pytest

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.summary import output_folder, short_names, summary_text


def folder(*overrides: str) -> str:
    return str(output_folder("results", "gap", overrides).relative_to("results"))


def test_a_default_run_has_the_folder_of_its_experiment() -> None:
    assert folder() == "gap"
    assert folder("experiment=gap", "runner.n_jobs=1", "++runner.force=true") == "gap"
    assert folder("scale=default", "hydra/launcher=basic", "runner=local") == "gap"


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["scale=ci"], "scale=ci"),
        (["seed=1", "+data.n=4"], "seed=1,data.n=4"),
        (["data.n=4", "data.labels=signs"], "data.labels=signs,n=4"),
        (["data.d=20", "data.aspect_ratio=null"], "data.d=20"),
        (["data.n=4", "networks.width=[n,4n]"], "data.n=4,networks.width=[n,4n]"),
        (["seed=1", "seed=2"], "seed=2"),
        (["~grid.seed", "+grid.seed=[0, 1]"], "grid.seed=[0,1]"),
        (["~grid.data"], "~grid.data"),
    ],
)
def test_a_variant_is_named_after_its_overrides(overrides: list[str], name: str) -> None:
    assert folder(*overrides) == f"gap/{name}"


def test_a_config_of_the_users_own_has_a_folder_of_its_own() -> None:
    assert folder("experiment=mine") == "gap/experiment=mine"


def test_the_order_of_different_overrides_does_not_matter() -> None:
    assert folder("seed=1", "data.n=4") == folder("data.n=4", "seed=1")


def test_the_last_override_of_a_path_names_the_folder() -> None:
    assert folder("seed=1", "seed=2") != folder("seed=2", "seed=1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data.path=/x/y.csv", "data.path=/x_y.csv"),
        (f"data.path={'x' * 200}a", f"data.path={'x' * 200}b"),
    ],
)
def test_names_that_must_be_shortened_stay_different_and_one_folder_deep(
    one: str, other: str
) -> None:
    assert folder(one) != folder(other)
    for item in (one, other):
        name = output_folder("results", "gap", [item])
        assert name.parent == Path("results/gap")
        assert len(name.name.encode()) < 255


def test_no_two_sets_of_settings_share_a_folder() -> None:
    parts = ("a=1", "s.a=1", "s.a=1,b=2", "s.a=[1,b]", "s.b=2", "b=2", "~s.a", "s.a=1,s.b=2")
    chosen = [set(one) for size in (1, 2, 3) for one in itertools.combinations(parts, size)]
    distinct = {
        frozenset({item.partition("=")[0].lstrip("~"): item for item in sorted(one)}.values())
        for one in chosen
    }
    assert len({folder(*sorted(one)) for one in distinct}) == len(distinct)


def test_columns_are_the_fields_of_the_record_in_order_and_floats_round_trip() -> None:
    experiment = EXPERIMENTS["gap_vs_log_n"]
    row = dict.fromkeys(experiment.columns)
    value = 0.1 + 0.2
    rows = [row | {"primal_value": value, "dual_value": 1e-17, "data": "a, b", "n": 4}]
    cells = [{"key": key, "rows": rows} for key in ("0123456789", "9876543210")]
    text = summary_text(experiment, cells)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["cell", *experiment.columns]
    assert [row["cell"] for row in rows] == ["01234567", "98765432"]
    assert float(rows[0]["primal_value"]) == value
    assert float(rows[0]["dual_value"]) == 1e-17
    assert (rows[0]["data"], rows[0]["n"], rows[0]["width"]) == ("a, b", "4", "")


def test_cells_whose_keys_begin_alike_get_longer_names() -> None:
    assert short_names(["0123456789a", "01234567b"]) == ["012345678", "01234567b"]
    assert short_names([]) == []
