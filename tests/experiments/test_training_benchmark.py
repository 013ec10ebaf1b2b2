import os
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from relaxgap.data import GaussianData
from relaxgap.errors import ConfigurationError, RelaxgapError
from relaxgap.experiments.parts.cell import Cell
from relaxgap.experiments.parts.networks import NetworkSettings
from relaxgap.experiments.parts.regularisation import Regularisation
from relaxgap.experiments.parts.starts import starting_networks
from relaxgap.experiments.parts.training_plan import TrainingPlan
from relaxgap.experiments.timing import alternation
from relaxgap.experiments.timing.alternation import TORCH_PYTHON, commands, timings
from relaxgap.experiments.timing.settings import Repetition
from relaxgap.experiments.training_benchmark.cell import Settings, run
from relaxgap.training import TrainingSpec, train

GD = TrainingSpec("gd", n_steps=12, schedule="cosine", momentum=0.5, n_logged=2)
ADAM = TrainingSpec("adam", n_steps=12, learning_rate=0.01, schedule="decay", n_logged=2)
CELL = Cell(
    GaussianData(n=6, d=2),
    Settings(
        regularisation=Regularisation(0.1, None),
        networks=NetworkSettings(("8",), n_starts=3),
        training=TrainingPlan("P", {"gd": GD, "adam": ADAM}),
        benchmark=Repetition(repeats=2),
    ),
)


def of_plan(plan: TrainingPlan) -> Cell[Settings]:
    return replace(CELL, settings=replace(CELL.settings, training=plan))


ROUNDS = [("relaxgap", 1), ("pytorch", 1), ("relaxgap", 3)]


def scripts(monkeypatch: pytest.MonkeyPatch, folder: Path, **bodies: str) -> dict[str, list[str]]:
    """Let each library be a script that serves this ``train``, with its requests in a file."""
    head = f"""
        import os, sys
        from pathlib import Path
        from relaxgap.experiments.timing.stopwatch import serve
        from relaxgap.experiments.timing.task import ABSENT
        log = Path({str(folder / "log")!r})
        def say(version, train):
            serve(version, lambda folder: (9, train))
        """
    chosen = {}
    for library, body in bodies.items():
        script = folder / f"{library}_clock.py"
        script.write_text(textwrap.dedent(head) + textwrap.dedent(body))
        chosen[library] = [sys.executable, str(script)]
    monkeypatch.setattr(alternation, "commands", lambda: chosen)
    return chosen


LOGGING = """
    def train(n_runs, n_steps):
        if n_steps == 9:
            log.open("a").write("{name}" + str(n_runs) + " ")
        return lambda: 2.5
    say("{name} 1.0", train)
    """


def test_trainings_take_turns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours, theirs = LOGGING.format(name="a"), LOGGING.format(name="b")
    scripts(monkeypatch, tmp_path, relaxgap=ours, pytorch=theirs)
    (found,) = timings([tmp_path], ROUNDS, repeats=3, threads=1)
    assert (tmp_path / "log").read_text() == "a1 b1 a3 " * 3
    assert [(timing.library, timing.n_runs) for timing in found] == ROUNDS
    assert all(len(timing.seconds) == 3 and min(timing.seconds) >= 0.0 for timing in found)
    assert [timing.version for timing in found] == ["a 1.0", "b 1.0", "a 1.0"]
    assert {timing.loss for timing in found} == {2.5}


def test_both_processes_get_the_threads_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = """
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        threads = [float(os.environ[name]) for name in names]
        say("1", lambda n_runs, n_steps: lambda: sum(threads))
        """
    scripts(monkeypatch, tmp_path, relaxgap=body, pytorch=body)
    (found,) = timings([tmp_path], ROUNDS, 1, threads=2)
    assert [timing.loss for timing in found] == [6.0] * 3


def test_reading_the_loss_and_the_first_steps_are_not_timed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    body = """
        import time
        now = [0.0]
        time.perf_counter = lambda: now[0]
        def passes(seconds):
            now[0] += seconds
            return 1.0
        def train(n_runs, n_steps):
            passes(0.25 if n_steps == 9 else 64.0)
            return lambda: passes(64.0)
        say("1", train)
        """
    scripts(monkeypatch, tmp_path, relaxgap=body)
    ((timing,),) = timings([tmp_path], ROUNDS[:1], 1, 1)
    assert timing.seconds == (0.25,)


def test_a_library_that_is_not_installed_has_no_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scripts(monkeypatch, tmp_path, relaxgap=LOGGING.format(name="a"), pytorch="sys.exit(ABSENT)")
    (found,) = timings([tmp_path], ROUNDS, 1, 1)
    assert [(timing.library, timing.n_runs) for timing in found] == [ROUNDS[0], ROUNDS[2]]


@pytest.mark.parametrize(
    "body",
    [
        "raise MemoryError('no room')",
        """
        def train(n_runs, n_steps):
            if n_steps == 9:
                raise MemoryError('no room')
            return lambda: 1.0
        say("1", train)
        """,
    ],
    ids=["at the start", "while it trains"],
)
def test_a_process_that_ends_early_is_an_error_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    scripts(monkeypatch, tmp_path, relaxgap=LOGGING.format(name="a"), pytorch=body)
    with pytest.raises(RelaxgapError, match="got exit status 1: MemoryError: no room"):
        timings([tmp_path], ROUNDS, 2, 1)


def test_no_process_outlives_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = "log.write_text(str(os.getpid()))\n" + textwrap.dedent(LOGGING.format(name="a"))
    scripts(monkeypatch, tmp_path, relaxgap=ours, pytorch="raise ValueError")
    with pytest.raises(RelaxgapError):
        timings([tmp_path], ROUNDS, 1, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "log").read_text()), 0)


def test_pytorch_of_another_python_is_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TORCH_PYTHON, sys.executable)
    assert commands()["pytorch"][0] == sys.executable
    assert commands()["pytorch"][1].endswith("torch_child.py")
    monkeypatch.setenv(TORCH_PYTHON, "no/such/python")
    with pytest.raises(ConfigurationError, match=r"got 'no/such/python'; unset it"):
        commands()


def loss_of_train(method: TrainingSpec) -> float:
    data = CELL.load_data()
    initial, order = starting_networks(CELL, method, 8, data.d)
    return float(train(data, 0.1, method, initial.of_runs(slice(1)), order).final_losses[0])


@pytest.mark.slow
def test_every_row_ends_at_the_loss_of_the_same_training() -> None:
    records = run(CELL)
    rounds = [pair for pair in ROUNDS if pair[0] in commands()]
    expected = [(method, *pair) for method in ("gd", "adam") for pair in rounds]
    assert [(r.method, r.library, r.n_runs) for r in records] == expected
    versions = {"relaxgap": "relaxgap", "pytorch": "torch"}
    for record in records:
        loss = loss_of_train(CELL.settings.training.methods[record.method])
        assert record.final_loss == pytest.approx(loss, rel=1e-10)
        assert record.n_steps == 12
        assert record.n_repeats == 2
        assert 0.0 < record.least_seconds <= record.seconds
        assert record.version.startswith(versions[record.library])


@pytest.mark.parametrize(
    "method",
    [
        replace(GD, method="sgd", batch_size=2),
        replace(GD, stop_loss_fraction=0.5),
        replace(GD, stop_residual=0.5),
    ],
)
def test_a_training_that_the_loop_of_pytorch_does_not_do_is_refused(method: TrainingSpec) -> None:
    cell = of_plan(TrainingPlan("P", {"other": method}))
    with pytest.raises(ConfigurationError, match="choose training=full_batch"):
        run(cell)


def test_training_the_first_layer_only_is_refused() -> None:
    plan = TrainingPlan("L", {"gd": replace(GD, train_output=False)})
    with pytest.raises(ConfigurationError, match="Expected full-batch training of both layers"):
        run(of_plan(plan))
