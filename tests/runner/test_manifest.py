import json
from pathlib import Path

from composed import compose_plain

from relaxgap.runner.config import checked
from relaxgap.runner.manifest import manifest, processor, source_version


def test_a_manifest_says_what_made_the_summary() -> None:
    full = checked(compose_plain(["scale=ci", "runner.n_jobs=2"]))
    cells = [
        {"cell": {"seed": 1}, "wall_seconds": 1.5, "cpu_seconds": 1.0, "source": {"commit": "a"}},
        {"cell": {"seed": 0}, "wall_seconds": 0.5, "cpu_seconds": 0.5, "source": {"commit": "b"}},
    ]
    said = json.loads(manifest(full, ["scale=ci"], cells, 12))
    assert said["command"] == ["relaxgap", "run", "scale=ci"]
    assert said["config"]["regularisation"]["beta_fraction"] == 0.1
    assert "runner" not in said["config"]
    assert said["n_jobs"] == 2
    assert said["seeds"] == [0, 1]
    assert (said["n_cells"], said["n_cells_finished"]) == (12, 2)
    assert said["sources"] == [{"commit": "a"}, {"commit": "b"}]
    assert said["wall_seconds_of_cells"] == 2.0
    assert {"relaxgap", "python", "numpy", "clarabel"} <= set(said["versions"])


def test_the_processor_has_a_name() -> None:
    assert processor()


def test_the_source_is_a_commit_of_the_checkout_or_unknown() -> None:
    version = source_version()
    checkout = (Path(__file__).resolve().parents[2] / ".git").exists()
    assert set(version) == {"commit", "dirty"}
    assert checkout or version == {"commit": None, "dirty": None}
