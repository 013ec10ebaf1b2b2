"""Files written whole or not at all, and one wording for a disk that refuses them."""

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from relaxgap.errors import StorageError

PREFIX, SUFFIX = ".relaxgap-", ".tmp"
"""Of the temporary name of a file."""
SECONDS_OF_NO_WRITER = 86_400.0
"""What is older is of a writer that was killed: another machine may be writing the rest."""
RESUME = "finished cells are kept: make room or permission and run the same command again"


def write_text(path: Path, text: str) -> None:
    """Write a file of results, and its folder if there is none.

    Raises
    ------
    StorageError
        As `write_bytes`.
    """
    with _refusals(path, RESUME):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes, advice: str = RESUME) -> None:
    """Write a file under a temporary name, sync it, and rename it into place.

    What is there and no regular file, as a pipe or ``/dev/stdout``, is written to.

    Parameters
    ----------
    path : Path
        A link stays one: its target is replaced.
    content : bytes
        All of it.
    advice : str
        What to do if it cannot be written.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written; an old version stays as it was.
    """
    with _refusals(path, advice):
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        temporary = _beside(target)
        try:
            _write_synced(temporary, content)
            if target.exists():
                shutil.copymode(target, temporary)
            temporary.replace(target)
        except BaseException:
            _remove(temporary)
            raise


def try_writing(path: Path, advice: str) -> None:
    """Find out before the work whether a file can be written after it; leave nothing behind.

    Raises
    ------
    StorageError
        If not even one byte can be written beside it.
    """
    with _refusals(path, advice):
        target = path.resolve()
        if target.exists() and not target.is_file():
            return
        temporary = _beside(target)
        try:
            _write_synced(temporary, b"\n")
        finally:
            _remove(temporary)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that writers left which were killed, once they are a day old."""
    with suppress(OSError):
        for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
            if time.time() - path.stat().st_mtime > SECONDS_OF_NO_WRITER:
                _remove(path)


def storage_error(path: Path, error: OSError, advice: str = RESUME) -> StorageError:
    """Word the error for a file that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = "a full disk" if full else error.strerror or str(error)
    return StorageError(f"Expected to write {path}, got {reason}; {advice}.")


@contextmanager
def _refusals(path: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(path, error, advice) from error


def _beside(path: Path) -> Path:
    # another machine may write here too, and the name itself may be as long as a name can be
    return path.with_name(f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}")


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
