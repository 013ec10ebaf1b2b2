import copy
import functools
from collections.abc import Callable
from typing import Any

import pytest
from composed import compose_plain

from relaxgap.errors import ConfigurationError
from relaxgap.runner.config import checked, known_keys
from relaxgap.runner.grid import grid_points
from relaxgap.runner.nearest import unknown


@functools.cache
def single_cell(experiment: str) -> dict[str, Any]:
    return {**compose_plain([], experiment), "grid": {}}


@pytest.fixture
def changed() -> Callable[[str, Any], dict[str, Any]]:
    """Return the config of a single cell with one setting changed or added."""

    def change(path: str, value: Any) -> dict[str, Any]:
        has_it = "solver_benchmark" if path.startswith("benchmark") else "gap_vs_log_n"
        config = copy.deepcopy(single_cell(has_it))
        *parents, last = path.split(".")
        node = config
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
        return config

    return change


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("seed", -1, "seed >= 0, got -1"),
        ("data_seed", -1, "data_seed >= 0, got -1"),
        ("data.n", 0, "n >= 1, got 0"),
        ("data.n", 1.5, "data.n"),
        ("data.noise", float("nan"), "finite noise >= 0, got nan"),
        ("regularisation.beta_fraction", 0.0, "positive, finite beta_fraction, got 0"),
        ("regularisation.beta_fraction", float("inf"), "positive, finite beta_fraction, got inf"),
        ("regularisation.beta", 0.1, "exactly one of beta and beta_fraction"),
        ("regularisation.program", "tanh", "got 'tanh'"),
        ("solver.name", "gurobi", "clarabel, ecos, scs"),
        ("solver.rtol", 2.0, "0 < rtol < 1, got 2"),
        ("solver.rtol", float("nan"), "0 < rtol < 1, got nan"),
        ("networks.width", ["m"], "'2 m_pruned', got 'm'"),
        ("networks.width", [""], "got ''"),
        ("networks.n_starts", 0, "n_starts >= 1, got 0"),
        ("patterns.n_gates", ["0"], "positive size, got '0'"),
        ("patterns.limit", 0, "limit >= 1, got 0"),
        ("training.protocol", "Q", "L or P, got 'Q'"),
        ("training.protocol", "L", "never mix them"),
        ("training.methods.sgd.method", "lbfgs", "gd, sgd, adam, got 'lbfgs'"),
        ("training.methods.sgd.n_steps", 0, "n_steps >= 1, got 0"),
        ("training.methods.sgd.n_steps", "abc", "training.methods.sgd.n_steps"),
        ("training.methods.sgd.learning_rate", float("nan"), "learning_rate > 0, got nan"),
        ("benchmark.solvers", ["gurobi"], "benchmark.solvers among"),
        ("benchmark.solvers", [], "got 'none'"),
        ("benchmark.tolerances", [1e-6, 1e-3], "loosest first"),
        ("benchmark.tolerances", [], "benchmark.tolerances in [1e-10, 1), got []"),
        ("benchmark.tolerances", [1e-12], "certifies no less"),
        ("benchmark.repeats", 0, "benchmark.repeats >= 1, got 0"),
        ("benchmark.threads", 0, "benchmark.threads >= 1, got 0"),
        ("benchmark.largest_conic", 0, "benchmark.largest_conic >= 1, got 0"),
        ("benchmark.time_limit_seconds", 0.0, "positive benchmark.time_limit_seconds, got 0"),
        ("benchmark.memory_limit_gigabytes", float("nan"), "memory_limit_gigabytes, got nan"),
        ("runner.n_jobs", 0, "n_jobs >= 1 or -1"),
        ("runner.silence_seconds", 0.0, "positive, finite runner.silence_seconds"),
        ("runner.scheduler", "tcp://a:1", "add runner=dask"),
        ("scale", "huge", "ci, default, full"),
        ("name", "gap_vs_widht", "did you mean 'gap_vs_width'"),
        ("grid", {"seed": 5}, "non-empty list of values for grid.seed, got 5"),
        ("grid", {"seed": []}, "non-empty list of values for grid.seed, got []"),
        ("grid", {"seed": [0, -1]}, "seed >= 0, got -1"),
        ("grid", {"data": ["gausian"]}, "did you mean 'gaussian'"),
        ("grid", {"data": {"nn": [1]}}, "grid axis, got 'data.nn'; did you mean 'data.n'"),
        ("grid", {"size": [{"data.nn": 1}]}, "grid axis, got 'data.nn'; did you mean 'data.n'"),
        ("grid", {"size": [{"n": 1}]}, "grid axis, got 'size'"),
        ("grid", {"runner": {"n_jobs": [1]}}, "grid axis, got 'runner.n_jobs'"),
        ("grid", {"seed": "0-9"}, "or 0..9 for a range of integers"),
        ("grid", {"seed": "3..1"}, "non-empty list of values for grid.seed, got '3..1'"),
        (
            "grid",
            {"a": [{"data.n": 4}], "b": [{"data.n": 5}]},
            "one axis of entries for data.n, got grid.a and grid.b",
        ),
        ("benchmrk", {"repeats": 3}, "setting, got 'benchmrk'"),
        ("optimum", {"rtol": 0.1}, "setting, got 'optimum'"),
        ("training.init_scales", [0.1], "setting, got 'training.init_scales'"),
        ("typo", 3, "setting, got 'typo'"),
        ("data.typo", 3, "setting, got 'data.typo'; did you mean 'data.n'"),
        ("networks.width", "${seed}", "a list for networks.width, got 0; write networks.width=["),
        ("networks.width", "${name}", "a list for networks.width, got 'gap_vs_log_n'"),
        ("networks.width", "${data_seed}", "a list for networks.width, got None"),
        ("networks.width", [{"data.n": 4}], "a single value for networks.width[0], got {'data.n'"),
        ("patterns.n_gates", ["n", ["n"]], "a single value for patterns.n_gates[1], got ['n']"),
        ("training.methods", "${seed}", "settings by name for training.methods, got 0"),
        ("training.methods.gd", "${networks.width}", "settings by name for training.methods.gd"),
        ("benchmark.tolerances", "${scale}", "a list for benchmark.tolerances, got 'default'"),
        ("grid", "${seed}", "settings by name for grid, got 0"),
        ("grid", "${name}", "settings by name for grid, got 'gap_vs_log_n'"),
        ("grid", {"seed": "${grid}"}, "resolved, got in grid.seed: Interpolation to parent node"),
        ("grid", {"data": [[1]]}, "data kind, got '1'"),
        ("solver.rtol", "${data.labels}", "of the type of solver.rtol, got another: Value 'pla"),
        ("solver.name", "${training.methods}", "a single value for solver.name, got {'"),
        ("data.n", "${scale}", "of the type of data.n, got another: Value 'default'"),
        ("data.kind", ["gaussian"], "data kind, got \"['gaussian']\""),
        ("solver.rtol", "${runner}", "a single value for solver.rtol, got {'results_dir': 're"),
        ("data.labels", "${foo}", "resolved, got in data.labels: Interpolation key 'foo'"),
        ("networks.width", "\\${seed}", "networks to hold no '${' once it is resolved"),
        ("seed", f"${{oc.decode:'{'9' * 30}'}}", "64 bits in seed"),
        ("regularisation.bta", 3, "did you mean 'regularisation.beta'"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(
    changed: Callable[[str, Any], dict[str, Any]], path: str, value: Any, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        grid_points(changed(path, value))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_config_without_data_is_refused(base: Callable[[str], dict[str, Any]]) -> None:
    config = base("gap_vs_log_n")
    del config["data"]
    with pytest.raises(ConfigurationError, match="a known data kind, got 'None'"):
        grid_points(config)


def test_an_interpolation_may_name_a_setting_of_another_section(
    changed: Callable[[str, Any], dict[str, Any]],
) -> None:
    (point,) = grid_points(changed("networks.width", ["${data.n}"]))
    assert point.cell.settings.networks.width == (str(point.cell.data.n),)  # type: ignore[attr-defined]
    (seeded,) = grid_points(changed("seed", "${data.n}"))
    assert seeded.cell.seed == point.cell.data.n  # type: ignore[attr-defined]


def test_checking_changes_nothing_the_second_time() -> None:
    once = checked(single_cell("gap_vs_log_n"))
    assert checked(once) == once


def test_the_nearest_name_falls_back_to_the_last_part_then_to_the_list() -> None:
    keys = known_keys({"a": {"rtol": 1}, "seed": 0})
    assert keys == ["a", "a.rtol", "seed"]
    assert "did you mean 'a.rtol'" in unknown("setting", "rtoll", keys)
    assert "choose from: a, a.rtol, seed" in unknown("setting", "zzzz", keys)
