from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("data.m=4", "'data.n'"),
        ("dat=gaussian", "'data'"),
        ("data=gausian", "'gaussian'"),
        ("experiment=gap_vs_widht", "'gap_vs_width'"),
        ("beta=0.1", "'regularisation.beta'"),
        ("training.methods.sgd.n_step=9", "'training.methods.sgd.n_steps'"),
        ("+data.typo=3", "'data.n'"),
        ("grid.sed=[3]", "'grid.seed'"),
        ("--frce", "'--force'"),
    ],
)
def test_a_misspelt_override_gets_the_nearest_name(
    refusal: Refusal, override: str, named: str
) -> None:
    assert f"did you mean {named}" in refusal(2, "run", override)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("+typo=3", "got 'typo'"),
        ("scale=huge", "ci, default, full"),
        ("solver=gurobi", "clarabel, ecos, scs"),
        ("data.n=-3", "n >= 1, got -3"),
        ("data.n=abc", "'abc'"),
        ("data.n=${foo}", "'foo'"),
        ("regularisation.beta_fraction=nan", "positive, finite beta_fraction, got nan"),
        ("grid.seed=[]", "non-empty list of values for grid.seed, got []"),
        ("data=file", "add data.path="),
        ("~data", "data kind"),
        ("experiment=null", "known experiment, got 'None'"),
        ("networks.width=${seed}", "Expected a list for networks.width, got 0"),
        ("networks.width=[{data.n:4}]", "a single value for networks.width[0]"),
        ("training.methods=${oc.env:PATH}", "settings by name for training.methods, got '"),
        ("grid=${name}", "settings by name for grid, got 'gap_vs_log_n'"),
        ("foo", "key=value, got 'foo'"),
        ("data.n=[1,", "got 'data.n=[1,'"),
        ("benchmark.repeats=3", "setting, got 'benchmark.repeats'"),
        ("optimum=certified", "setting, got 'optimum'"),
        ("gap_vs_width", "write experiment=gap_vs_width"),
        ("--config-name=nonsense", "'nonsense'"),
    ],
)
def test_a_bad_override_is_one_line_with_exit_code_2(
    refusal: Refusal, override: str, said: str
) -> None:
    assert said in refusal(2, "run", override)


DEEP = "[" * 120 + "0" + "]" * 120
LONG = "9" * 400


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (f"grid.seed={DEEP}", "up to 32 deep in grid.seed"),
        (f"grid.seed={DEEP * 20}", "got 'grid.seed=[[[["),
        (f"data.n={LONG}", "64 bits in data.n"),
        (f"grid.seed=[0,{LONG}]", "64 bits in grid.seed"),
        (f"data.noise={LONG}", "64 bits in data.noise"),
        (f"grid.seed=0..{LONG}", "got '0..9999"),
        ("grid.seed=0..999999999999", "at most 100,000 values"),
        ("+grid.mine=[{3:1}]", "names that are text in grid.mine, got int 3"),
        ("+grid.mine=[{data.n:4,true:1}]", "names that are text in grid.mine, got bool True"),
        ("patterns=[[1]]", "got '[[1]]'; choose from: gaussian"),
        ("data={kind:file}", "one option for data"),
        (f"--config-name={'x' * 5000}", "File name too long"),
        (f"scale={'x' * 5000}", "ci, default, full"),
        ("+evil/group=x", "'evil/group'"),
    ],
)
def test_what_no_config_holds_is_one_short_line(refusal: Refusal, override: str, said: str) -> None:
    line = refusal(2, "run", override, "--dry-run")
    assert said in line
    assert len(line) < 400


@pytest.mark.parametrize(
    "override",
    [
        "hydra.run.dir=elsewhere",
        "hydra.output_subdir=out",
        "+hydra.callbacks.x._target_=os.getcwd",
        "hydra.sweeper._target_=os.getcwd",
        "hydra.launcher._target_=os.getcwd",
        "hydra/job_logging=default",
        "hydra/launcher=joblib",
        "hydra.searchpath=[elsewhere]",
        "~hydra.sweeper",
    ],
)
def test_what_hydra_would_run_or_write_is_refused_by_name(
    refusal: Refusal, tmp_path: Path, override: str
) -> None:
    name = override.lstrip("+~").partition("=")[0]
    assert f"got '{name}', one of Hydra's own" in refusal(2, "run", "-m", override, "--dry-run")
    assert "'--experimental-rerun'" in refusal(2, "run", "--experimental-rerun=x.pickle")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("evil: !!python/object/apply:os.mkdir [made]\n", "python/object/apply:os.mkdir"),
        ("evil: !unknown 3\n", "'!unknown'"),
        ("evil: [1,\n", "mine.yaml"),
        ("{[[[: \x00", "check them"),
        ("hydra: {callbacks: {x: {_target_: os.getcwd}}}\n", "'hydra.callbacks.x._target_'"),
        ("hydra: {run: {dir: elsewhere}}\n", "'hydra.run.dir'"),
        (f"seed: {LONG}\n", "64 bits in seed"),
        ("grid: {seed: [1]}\n", "check them"),
        ("grid: {mine: [{data.n: 4, 3: 1}]}\n", "names that are text in grid, got int 3"),
    ],
)
def test_a_config_of_the_users_own_runs_nothing(
    refusal: Refusal, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "configs" / "experiment" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(f"# @package _global_\ndefaults: [gap_vs_log_n, _self_]\n{text}")
    chosen = (f"--config-dir={file.parents[1]}", "experiment=mine")
    assert said in refusal(2, "run", *chosen, "--dry-run")
    assert [path.name for path in tmp_path.iterdir()] == ["configs"]


def test_an_axis_that_the_grid_lacks_points_to_the_setting(refusal: Refusal) -> None:
    line = refusal(2, "run", "experiment=gap_vs_width", "grid.data.n=[4]")
    assert "set data.n=4 for every cell" in line


def test_a_setting_of_an_option_on_an_axis_points_to_the_option(refusal: Refusal) -> None:
    line = refusal(2, "run", "grid.data=[mnist]", "data.folder=X")
    assert "got 'data.folder', which mnist has; choose data=mnist" in line


def test_a_sweep_of_more_jobs_than_anyone_runs_is_refused(refusal: Refusal) -> None:
    huge = refusal(2, "run", "-m", "seed=range(0,1000000000000)", "--dry-run")
    assert "at most 10,000 jobs" in huge
    pairs = ("seed=range(0,1000)", "data.n=range(1,1000)")
    assert "got 999,000" in refusal(2, "run", "-m", *pairs, "--dry-run")


def test_flags_may_stand_between_overrides(relaxgap: Callable[..., object]) -> None:
    arguments = ("run", "seed=0", "-m", "data.n=4,6", "--config-name", "config", "scale=ci")
    result = relaxgap(*arguments, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.count("1 cells, 0 done") == 2
    assert relaxgap("run", "--info", "config", "seed=0").exit_code == 0


def test_an_axis_that_the_chosen_data_lack_is_refused_with_the_way_to_drop_it(
    refusal: Refusal,
) -> None:
    message = refusal(2, "run", "data=file", "data.path=x.csv")
    assert "'~grid.data.n'" in message


def test_a_setting_that_no_option_of_an_axis_has_is_refused(refusal: Refusal) -> None:
    message = refusal(
        2,
        "run",
        "experiment=pattern_preservation",
        "scale=ci",
        "grid.training=[protocol_l]",
        "training.methods.adam.n_steps=8",
    )
    assert "'training.methods.adam.n_steps'" in message


def test_a_setting_of_a_group_that_the_experiment_lacks_is_one_line(refusal: Refusal) -> None:
    chosen = ("experiment=solver_benchmark", "training.methods.sgd.n_steps=9")
    assert "'training.methods.sgd.n_steps'" in refusal(2, "run", *chosen)


def test_a_sweep_with_a_job_that_is_refused_runs_none(
    relaxgap: Callable[..., Result], tmp_path: Path
) -> None:
    result = relaxgap("run", "-m", "data.n=4,x", "seed=0")
    assert result.exit_code == 2
    assert not (tmp_path / "results").exists()


def test_every_refused_job_of_a_sweep_is_said(relaxgap: Callable[..., object]) -> None:
    result = relaxgap("run", "-m", "data.n=-1,-2", "seed=0", "--dry-run")
    assert result.exit_code == 2
    assert [line.partition("got")[2][:3] for line in result.stderr.splitlines()] == [" -1", " -2"]
    result = relaxgap("run", "-m", "networks.width=${seed},${name}", "seed=0", "--dry-run")
    assert [line.partition(", got ")[2][:3] for line in result.stderr.splitlines()] == [
        "0; ",
        "'ga",
    ]


@pytest.mark.parametrize("folder", ["blocked/results", "blocked"])
def test_an_unwritable_results_folder_is_one_line_before_any_work(
    refusal: Refusal, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder")
    message = refusal(1, "run", "seed=0", "data.n=4", f"runner.results_dir={tmp_path / folder}")
    assert "make room or permission" in message


def test_a_missing_solver_is_named_with_the_way_to_install_it(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install scs" in refusal(1, "run", "solver=scs")
