import errno
import os
from pathlib import Path

import numpy as np
import pytest

from relaxgap import TwoLayerNetwork
from relaxgap.errors import StorageError
from relaxgap.numerics import writing
from relaxgap.numerics.writing import try_writing, write_bytes, write_text


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every file when it is to reach the disk, after its first bytes were taken."""

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(
    tmp_path: Path, full_disk: None
) -> None:
    path = tmp_path / "net.npz"
    path.write_bytes(b"earlier")
    with pytest.raises(StorageError, match="got a full disk; choose another path"):
        TwoLayerNetwork(np.ones((1, 2)), np.ones(1)).save(path)
    with pytest.raises(StorageError, match="got a full disk; finished cells are kept"):
        write_text(path, "later")
    with pytest.raises(StorageError, match="got a full disk; choose another --out"):
        try_writing(path, "choose another --out")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [
        ("net.npz", b"earlier")
    ]


def test_an_interruption_leaves_the_earlier_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "net.npz"
    path.write_bytes(b"earlier")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(path, b"later")
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"earlier"]


def test_a_file_is_written_through_a_link_and_keeps_its_permissions(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"earlier")
    file.chmod(0o640)
    link.symlink_to(file)
    write_bytes(link, b"later")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"later", 0o640)


def test_trying_leaves_nothing_behind(tmp_path: Path) -> None:
    try_writing(tmp_path / "net.npz", "choose another --out")
    assert not list(tmp_path.iterdir())
    with pytest.raises(StorageError, match="No such file or directory; choose another --out"):
        try_writing(tmp_path / "nowhere/net.npz", "choose another --out")


def test_what_is_no_regular_file_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_bytes(pipe, b"content")
        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_text(path, "content")
    assert path.read_text() == "content"
    assert writing.RESUME in str(writing.storage_error(path, OSError(errno.EACCES, "no")))
