import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CELLS = 4
COMMAND = (
    sys.executable,
    "-c",
    "from relaxgap.cli.main import main; main()",
    "run",
    "data.n=4",
    f"grid.seed={list(range(CELLS))}".replace(" ", ""),
    "networks.n_starts=1",
    "networks.width=[n]",
    "training.methods.sgd.n_steps=10000",
    "training.methods.adam.n_steps=10000",
)
DEADLINE_SECONDS = 60


def start(folder: Path, n_jobs: int) -> "subprocess.Popen[str]":
    """Start the run in a process group of its own, as a terminal does."""
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        return subprocess.Popen(
            [*COMMAND, f"runner.n_jobs={n_jobs}"],
            cwd=folder,
            stdout=out,
            stderr=err,
            text=True,
            start_new_session=True,
        )


def wait_for_cells(folder: Path, count: int) -> int:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = len(list(folder.glob("results/gap_vs_log_n/cells/*.json")))
        if found >= count:
            return found
        time.sleep(0.01)
    raise AssertionError((folder / "stderr").read_text())


def numbers(folder: Path) -> list[dict[str, str]]:
    """Return the summary without its timings."""
    (path,) = folder.glob("results/gap_vs_log_n/*/summary.csv")
    with path.open() as stream:
        return [
            {name: value for name, value in row.items() if not name.endswith("_seconds")}
            for row in csv.DictReader(stream)
        ]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert start(folder, n_jobs=1).wait(DEADLINE_SECONDS) == 0
    return numbers(folder)


@pytest.mark.parametrize(
    ("kill", "n_jobs", "code"),
    [(signal.SIGINT, 1, 1), (signal.SIGINT, 2, 1), (signal.SIGKILL, 2, -signal.SIGKILL)],
)
def test_the_same_command_resumes_after_a_kill_and_gives_the_same_numbers(
    tmp_path: Path,
    uninterrupted: list[dict[str, str]],
    kill: signal.Signals,
    n_jobs: int,
    code: int,
) -> None:
    process = start(tmp_path, n_jobs)
    kept = wait_for_cells(tmp_path, 1)
    os.killpg(process.pid, kill)
    assert process.wait(DEADLINE_SECONDS) == code
    said = (tmp_path / "stderr").read_text()
    assert "Traceback" not in said
    if kill == signal.SIGINT:
        assert "interrupted; finished cells are kept, the same command resumes" in said
    stamps = {
        path: path.stat().st_mtime_ns for path in tmp_path.glob("results/gap_vs_log_n/cells/*.json")
    }
    assert kept <= len(stamps) < CELLS
    assert start(tmp_path, n_jobs).wait(DEADLINE_SECONDS) == 0
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert numbers(tmp_path) == uninterrupted


def test_a_killed_worker_is_one_line_and_the_same_command_resumes(
    tmp_path: Path, uninterrupted: list[dict[str, str]]
) -> None:
    tasks = Path("/proc")
    if not tasks.is_dir():
        pytest.skip("finds the worker through /proc")
    process = start(tmp_path, 2)
    wait_for_cells(tmp_path, 1)
    children = (tasks / f"{process.pid}/task/{process.pid}/children").read_text().split()
    workers = [
        int(child)
        for child in children
        if b"LokyProcess" in (tasks / child / "cmdline").read_bytes()
    ]
    os.kill(workers[0], signal.SIGKILL)
    assert process.wait(DEADLINE_SECONDS) == 1
    said = (tmp_path / "stderr").read_text()
    assert "Traceback" not in said
    assert "got one killed, perhaps for memory" in said
    assert start(tmp_path, 1).wait(DEADLINE_SECONDS) == 0
    assert numbers(tmp_path) == uninterrupted


def test_ctrl_c_ends_a_sweep_and_not_only_its_job(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as err:
        process = subprocess.Popen(
            [*COMMAND, "runner.n_jobs=1", "-m", "solver.rtol=1e-5,1e-6"],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        )
    wait_for_cells(tmp_path, 1)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(DEADLINE_SECONDS) == 1
    assert len(list(tmp_path.glob("results/gap_vs_log_n/cells/*.json"))) < CELLS
    assert (tmp_path / "stderr").read_text().count("interrupted") == 1


def test_cells_that_cannot_be_stored_end_a_parallel_run_in_one_line(tmp_path: Path) -> None:
    dry_run = subprocess.run(
        [*COMMAND, "--dry-run"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for line in dry_run.stdout.splitlines()[:-1]:
        # a folder in the place of the file: no rename can succeed
        (tmp_path / "results/gap_vs_log_n/cells" / f"{line.split()[1]}.json").mkdir(parents=True)
    assert start(tmp_path, 2).wait(DEADLINE_SECONDS) == 1
    said = (tmp_path / "stderr").read_text()
    assert said.count("relaxgap: Expected to write") == 1
    assert "finished cells are kept" in said
    assert "Warning" not in said
    assert "Traceback" not in said


def test_a_closed_pipe_ends_a_command_silently(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*COMMAND, "--dry-run"], cwd=tmp_path, stdout=write_end, stderr=subprocess.PIPE, check=False
    )
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, b"")
