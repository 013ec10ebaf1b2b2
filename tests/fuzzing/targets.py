"""What is fuzzed: valid inputs of each kind, how they are changed, and what reads them."""

import io
import json
import random
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import CliRunner
from composed import compose_plain
from written_networks import DATA, HIDDEN, OUTPUT, plain_storages, plain_tensors, save_pt

import relaxgap
from fuzzing import mutations
from relaxgap.cli.jobs import parsed
from relaxgap.cli.main import main
from relaxgap.data import FileData
from relaxgap.networks import load_network
from relaxgap.runner.config_files import config_dir
from relaxgap.runner.grid import grid_points

CONFIGS = ("gap_vs_log_n", "certified_gap", "descent_path", "solver_benchmark", "real_tables")
WORDS = (
    ["experiment=gap_vs_log_n", "scale=ci", "data.n=4", "grid.seed=[0,1]", "solver.rtol=1e-5"],
    ["experiment=descent_path", "data=gaussian", "seed=3", "~grid.training", "scale=ci"],
    ["experiment=gap_vs_log_n", "scale=ci", "-m", "data.n=4,6", "data.labels=signs"],
    ["experiment=exact_optimum", "scale=ci", "grid.seed=0..2", "data.d=2"],
)
TABLES = (
    b"a,b,y\n1,2,3\n4,5,7\n0,1,1\n",
    b'name;size;y\n"red";1.5;2\n"blue";2.5;1\n"red";0.5;3\n',
    b"a\tb\ty\n1e3\t-2\t1\n2\t.5\t0\n3\t7\t1\n\n",
    b"\xef\xbb\xbfx,kind,y\r\n1,cat,no\r\n2,dog,yes\r\n3,cat,yes\r\n",
)
FITS = (
    (TABLES[0], ()),
    (TABLES[1], ("--one-hot", "name")),
    (TABLES[3], ("--one-hot", "kind", "--loss", "logistic")),
)
"""Tables and options of networks that remember their columns."""


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of input: valid ones, a change, what reads them, and its share of all."""

    name: str
    valid: tuple[Any, ...]
    change: mutations.Mutation
    read: Callable[[random.Random, Path, Any], None]
    share: float


def targets() -> list[Target]:
    """Return all that is fuzzed."""
    networks = _networks()
    grids = tuple(compose_plain(["scale=ci"], name) for name in CONFIGS)
    files = [config_dir() / "experiment" / f"{name}.yaml" for name in CONFIGS]
    return [
        Target("table", TABLES, mutations.changed_text, _table, 0.25),
        Target("arrays.npz", _archives(), mutations.changed_archive, _arrays, 0.15),
        Target("net.npz", networks["npz"], mutations.changed_archive, _network(".npz"), 0.15),
        Target("about", networks["about"], mutations.changed_about, _predict, 0.03),
        Target("net.pt", networks["pt"], mutations.changed_archive, _network(".pt"), 0.15),
        Target(
            "net.safetensors",
            networks["safetensors"],
            mutations.changed_safetensors,
            _network(".safetensors"),
            0.1,
        ),
        Target("config", grids, mutations.changed_config, _config, 0.1),
        Target("override", WORDS, mutations.changed_words, _overrides, 0.06),
        Target("command", WORDS, mutations.changed_words, _run, 0.01),
        Target("yaml", tuple(f.read_bytes() for f in files), mutations.changed_text, _yaml, 0.01),
        Target("solve", TABLES, mutations.changed_text, _solve, 0.01),
        Target("predict", networks["npz"], mutations.changed_archive, _predict, 0.01),
    ]


def _saved(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _archives() -> tuple[bytes, ...]:
    X, y = DATA.X, DATA.y
    return (
        _saved(X=X, y=y),
        _saved(X=np.asfortranarray(X), y=y.astype(np.int8)),
        _saved(X=(X > 0), y=y.astype(np.float16)),
        _saved(X=X.astype(">f4"), y=np.array(list("abcab"))),
    )


def _networks() -> dict[str, tuple[bytes, ...]]:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = [
            relaxgap.solve(X, y, beta_fraction=0.1).network.save(str(folder / "net.npz")),
            relaxgap.solve(X, np.stack([y, -y], 1), beta_fraction=0.5).network.save(
                str(folder / "several.npz")
            ),
        ]
        told = []
        for i, (table, more) in enumerate(FITS):
            (folder / "table.csv").write_bytes(table)
            chosen = ("--standardize", "--bias", "--beta-fraction", "0.5", "--patterns", "all")
            told.append(str(folder / f"told{i}.npz"))
            _command("solve", str(folder / "table.csv"), *chosen, *more, "--out", told[-1])
        return {
            "npz": tuple(Path(path).read_bytes() for path in (*ours, *told)),
            "about": tuple(Path(path).read_bytes() for path in told),
            "pt": tuple(
                Path(
                    save_pt(folder / "a.pt", plain_tensors(kind), plain_storages(dtype))
                ).read_bytes()
                for kind, dtype in (("FloatStorage", "<f4"), ("DoubleStorage", "<f8"))
            ),
            "safetensors": (_safetensors("F32", "<f4"), _safetensors("F64", "<f8")),
        }


def _safetensors(kind: str, dtype: str) -> bytes:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, array in (("0.weight", HIDDEN), ("2.weight", OUTPUT[None])):
        start, data = len(content), array.astype(dtype).tobytes()
        content += data
        offsets = [start, len(content)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": offsets}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def _table(rng: random.Random, folder: Path, content: bytes) -> None:
    path = folder / "table.csv"
    path.write_bytes(content)
    text = tuple(name for name in ("name", "kind") if name.encode() in content)
    source = FileData(str(path), one_hot=rng.choice((text, text, text, (), ("a",))))
    if rng.random() < 0.3:
        source.load_classes()
    else:
        source.load(np.random.default_rng(0))


def _arrays(rng: random.Random, folder: Path, content: bytes) -> None:
    path = folder / "arrays.npz"
    path.write_bytes(content)
    FileData(str(path)).load(np.random.default_rng(0))


def _network(ending: str) -> Callable[[random.Random, Path, Any], None]:
    def read(rng: random.Random, folder: Path, content: bytes) -> None:
        path = folder / f"net{ending}"
        path.write_bytes(content)
        load_network(path, rng.choice((None, DATA)))

    return read


def _config(rng: random.Random, folder: Path, config: dict[str, Any]) -> None:
    grid_points(config, rng.choice(((), ("seed",), ("data.n", "seed"), ("training", "data.n"))))


def _overrides(rng: random.Random, folder: Path, words: list[str]) -> None:
    for word in words:
        parsed(word)


def _run(rng: random.Random, folder: Path, words: list[str]) -> None:
    _command("run", *words, "--dry-run")


def _yaml(rng: random.Random, folder: Path, content: bytes) -> None:
    mine = folder / "conf" / "experiment"
    mine.mkdir(parents=True, exist_ok=True)
    (mine / "mine.yaml").write_bytes(content)
    _command("run", "experiment=mine", "--dry-run", "--config-dir", str(mine.parent))


def _solve(rng: random.Random, folder: Path, content: bytes) -> None:
    path = folder / "table.csv"
    path.write_bytes(content)
    more = rng.choice(((), ("--standardize", "--bias"), ("--one-hot", "name"), ("--json",)))
    _command("solve", str(path), "--beta-fraction", "0.5", "--time-limit", "1", *more)


def _predict(rng: random.Random, folder: Path, content: bytes) -> None:
    (folder / "net.npz").write_bytes(content)
    (folder / "new.csv").write_bytes(rng.choice(TABLES))
    _command("predict", str(folder / "net.npz"), str(folder / "new.csv"))


def _command(*arguments: str) -> None:
    """Run a command in this process; what it refuses is one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert result.exit_code in range(5), result.exit_code
    if result.exit_code in (1, 2):
        *before, last = result.stderr.splitlines()
        assert last.startswith(("relaxgap: ", "Error: ")), result.stderr
        assert not before or before[0].startswith(("Usage: ", "relaxgap: ")), result.stderr
