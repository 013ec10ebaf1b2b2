"""Files written whole or not at all, and one wording for a disk that refuses them."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from relaxgap.errors import StorageError


def write_text(path: Path, text: str) -> None:
    """Write a file under a temporary name, sync it, and rename it into place.

    Raises
    ------
    StorageError
        If the disk is full or the folder cannot be written; an old version stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise storage_error(path, error) from error


def storage_error(path: Path, error: OSError) -> StorageError:
    """Word the error for a file that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = "a full disk" if full else error.strerror or str(error)
    return StorageError(
        f"Expected to write {path}, got {reason}; finished cells are kept: make room or "
        "permission and run the same command again."
    )
