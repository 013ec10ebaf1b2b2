import errno
import json
import os
from pathlib import Path

import pytest

from relaxgap.errors import StorageError
from relaxgap.numerics.writing import remove_leftovers, write_text
from relaxgap.runner.store import CellStore

CELL = {"cell": {"seed": 0}, "rows": [{"a": 1.0}], "wall_seconds": 0.1, "cpu_seconds": 0.1}


def test_a_saved_cell_is_loaded_exactly(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells", ("a",))
    value = 0.1 + 0.2
    store.save("key", {**CELL, "rows": [{"a": value}, {"a": float("inf")}]})
    loaded = store.load("key")
    assert loaded is not None
    assert loaded["rows"] == [{"a": value}, {"a": float("inf")}]


def test_an_absent_cell_is_none(tmp_path: Path) -> None:
    assert CellStore(tmp_path / "nowhere").load("key") is None


def test_every_prefix_of_a_cell_file_counts_as_missing(tmp_path: Path) -> None:
    store = CellStore(tmp_path, ("a",))
    store.save("key", CELL)
    text = store.path("key").read_text()
    for length in range(len(text)):
        store.path("key").write_text(text[:length])
        assert store.load("key") is None


@pytest.mark.parametrize(
    "change",
    [
        {"key": "another"},
        {"rows": None},
        {"rows": [3]},
        {"rows": [{"b": 1.0}]},
        {"cell": None},
        {"cell": {}},
        {"wall_seconds": None},
        {"cpu_seconds": "fast"},
    ],
)
def test_a_cell_of_another_shape_counts_as_missing(
    tmp_path: Path, change: dict[str, object]
) -> None:
    store = CellStore(tmp_path, ("a",))
    store.path("key").write_text(json.dumps({"key": "key", **CELL, **change}))
    assert store.load("key") is None


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[]", b"null", b'{"key": "key"}'])
def test_bytes_that_are_no_cell_count_as_missing(tmp_path: Path, content: bytes) -> None:
    store = CellStore(tmp_path, ("a",))
    store.path("key").write_bytes(content)
    assert store.load("key") is None


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")

    def full(*arguments: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full) if call == "fsync" else monkeypatch.setattr(
        Path, "replace", full
    )
    with pytest.raises(StorageError, match="got a full disk; finished cells are kept"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = CellStore(tmp_path / "file" / "cells")
    with pytest.raises(StorageError, match="Not a directory"):
        store.save("key", CELL)
    with pytest.raises(StorageError, match="Not a directory"):
        store.check_writable()


def test_checking_a_folder_makes_it_and_leaves_it_empty(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "results" / "cells")
    store.check_writable()
    assert list(store.folder.iterdir()) == []


def test_a_success_removes_the_traceback_of_an_earlier_failure(tmp_path: Path) -> None:
    store = CellStore(tmp_path)
    store.error_path("key").write_text("Traceback")
    store.save("key", CELL)
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_what_a_killed_writer_left_is_removed_when_no_writer_can_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CellStore(tmp_path / "cells", ("a",))
    store.save("finished", CELL)
    monkeypatch.setattr(Path, "replace", lambda path, target: None)
    for key in ("old", "new"):
        # a writer that ends here leaves its file under the temporary name
        store.save(key, CELL)
    old, new = (path for path in store.folder.iterdir() if path.suffix == ".tmp")
    os.utime(old, (0, 0))
    remove_leftovers(store.folder)
    assert set(store.folder.iterdir()) == {new, store.path("finished")}
    remove_leftovers(tmp_path / "nowhere")
