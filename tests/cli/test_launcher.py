"""A sweep through Hydra's submitit launcher, in local processes where a queue would be."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from children import Child
from click.testing import Result

Refusal = Callable[..., str]

SWEEP = (
    "run",
    "-m",
    "hydra/launcher=submitit_local",
    "hydra.launcher.timeout_min=60",
    # each job draws figures: here a plain one
    "experiment=maxcut_bound",
    "seed=0,1",
    "data.n=6",
    "data.labels=noise",
    "runner.n_jobs=1",
)


@pytest.mark.slow
def test_each_job_of_a_sweep_is_one_of_the_queue(
    child: Callable[..., Child], tmp_path: Path
) -> None:
    code, out, said = child(*SWEEP).finish()
    assert (code, out) == (0, ""), said
    (line,) = said.splitlines()
    logs = tmp_path / line.rpartition("logs of the jobs: ")[2]
    assert len(list(logs.glob("*/*_log.out"))) == 2
    home = tmp_path / "results" / "maxcut_bound"
    assert len(list(home.glob("*/summary.csv"))) == 2
    assert len(list(home.glob("cells/*.json"))) == 2


@pytest.mark.slow
def test_what_a_job_of_the_queue_could_not_do_is_said_and_tried_again(
    child: Callable[..., Child], relaxgap: Callable[..., Result], tmp_path: Path
) -> None:
    keys = [line.split()[1] for line in relaxgap(*SWEEP, "--dry-run").stdout.splitlines()[::2]]
    # a folder in the place of the file: no rename can succeed
    (tmp_path / "results/maxcut_bound/cells" / f"{keys[1]}.json").mkdir(parents=True)
    code, _, said = child(*SWEEP).finish()
    assert code == 1
    assert "1 of 1 cells are missing; the log of the job says why" in said.splitlines()[-1]
    assert "seed=1" in said.splitlines()[-1]
    assert "Traceback" not in said
    logs = [path.read_text() for path in tmp_path.glob("multirun/*/.submitit/*/*.err")]
    assert [("relaxgap: Expected to write" in log) for log in logs].count(True) == 1


def test_a_dry_run_with_a_launcher_submits_nothing(
    relaxgap: Callable[..., Result], tmp_path: Path
) -> None:
    result = relaxgap(*SWEEP, "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.count("1 cells, 0 done, 1 to run") == 2
    assert not list(tmp_path.iterdir())


def test_a_launcher_takes_what_its_queue_knows_and_a_sweep(refusal: Refusal) -> None:
    slurm = ("run", "hydra/launcher=submitit_slurm", "seed=0")
    assert "add -m" in refusal(2, *slurm)
    wrong = refusal(2, *slurm, "-m", "hydra.launcher.partitoin=x")
    assert "did you mean 'partition'" in wrong
    target = refusal(2, *slurm, "-m", "hydra.launcher._target_=os.getcwd")
    assert "setting of the launcher, got '_target_'" in target


def test_a_missing_package_is_one_line_with_what_to_install(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hydra_plugins.hydra_submitit_launcher.config", None)
    said = refusal(2, *SWEEP)
    assert "found none; run pip install 'relaxgap[slurm]'" in said


@pytest.mark.slow
def test_a_machine_without_a_queue_is_one_line(child: Callable[..., Child]) -> None:
    slurm = [word.replace("submitit_local", "submitit_slurm") for word in SWEEP]
    code, _, said = child(*slurm).finish()
    assert code == 2
    assert "Expected a queue that takes the jobs, got" in said.splitlines()[-1]
    assert "Traceback" not in said
