import os
import subprocess
import sys
from pathlib import Path

from relaxgap.experiments.registry import DRAWERS, EXPERIMENTS
from relaxgap.runner.config_files import config_dir, option_names

HEAVY = ("numpy", "scipy", "cvxpy", "pandas", "matplotlib", "hydra", "omegaconf")


def test_a_name_is_that_of_the_folder_of_the_config_and_of_the_experiment() -> None:
    assert [drawer.rpartition(".")[2] for drawer in DRAWERS] == list(EXPERIMENTS)
    assert sorted(EXPERIMENTS) == option_names("experiment")
    folder = Path(__file__).resolve().parents[2] / "relaxgap" / "experiments"
    drawers = {path.parent.name for path in folder.glob("*/figure.py")}
    assert drawers == set(EXPERIMENTS)


def test_every_config_starts_from_the_schema_of_its_experiment() -> None:
    for name in EXPERIMENTS:
        text = (config_dir() / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
        assert f"  - /schema: {name}\n" in text


def test_reading_the_registry_and_the_options_loads_no_numerics_and_no_hydra() -> None:
    code = (
        "import sys; import relaxgap.experiments.registry; "
        "from relaxgap.runner.config_files import first_comment, option_names; "
        "[first_comment('data', name) for name in option_names('data')]; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=here
    )
    assert done.stdout == "[]\n"
