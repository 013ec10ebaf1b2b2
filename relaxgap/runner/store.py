"""Finished cells on disk, one JSON file each; a kill at any moment loses none of them."""

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaxgap.errors import RelaxgapError


class StorageError(RelaxgapError):
    """Results could not be written; what was finished before is kept."""


@dataclass(frozen=True, slots=True)
class CellStore:
    """Keep cells under ``folder``, one file a key."""

    folder: Path

    def path(self, key: str) -> Path:
        """Return the file of a cell."""
        return self.folder / f"{key}.json"

    def load(self, key: str) -> dict[str, Any] | None:
        """Return a stored cell, or None if it is absent, half-written or of another shape."""
        try:
            content = json.loads(self.path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        intact = (
            isinstance(content, dict)
            and content.get("key") == key
            and isinstance(content.get("rows"), list)
            and all(isinstance(row, dict) for row in content["rows"])
        )
        return content if intact else None

    def save(self, key: str, content: Mapping[str, Any]) -> None:
        """Store a finished cell.

        Raises
        ------
        StorageError
            If the disk is full or the folder cannot be written.
        """
        text = json.dumps({"key": key, **content}, allow_nan=True)
        write_text(self.path(key), text)


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
        temporary.unlink(missing_ok=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "a full disk" if full else error.strerror or str(error)
        raise StorageError(
            f"Expected to write {path}, got {reason}; finished cells are kept: make room or "
            "permission and run the same command again."
        ) from error
