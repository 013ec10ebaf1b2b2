"""Finished cells on disk, one JSON file each; a kill at any moment loses none of them."""

import json
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaxgap.numerics.writing import storage_error, write_text


@dataclass(frozen=True, slots=True)
class CellStore:
    """Keep cells under ``folder``, one file a key.

    Parameters
    ----------
    folder : Path
        Made when the first cell is stored.
    columns : tuple of str
        What every row of an intact cell holds.
    """

    folder: Path
    columns: tuple[str, ...] = ()

    def path(self, key: str) -> Path:
        """Return the file of a cell."""
        return self.folder / f"{key}.json"

    def error_path(self, key: str) -> Path:
        """Return the file of a failed cell's traceback."""
        return self.folder / f"{key}.error.txt"

    def load(self, key: str) -> dict[str, Any] | None:
        """Return a stored cell, or None if it is absent, half-written or of another shape."""
        try:
            content = json.loads(self.path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if self._is_intact(key, content) else None

    def load_all(self) -> list[dict[str, Any]]:
        """Return every stored cell, of whatever grid."""
        found = (self.load(path.stem) for path in sorted(self.folder.glob("*.json")))
        return [content for content in found if content is not None]

    def _is_intact(self, key: str, content: Any) -> bool:
        if not isinstance(content, dict) or content.get("key") != key:
            return False
        cell, rows = content.get("cell"), content.get("rows")
        seconds = (content.get("wall_seconds"), content.get("cpu_seconds"))
        return (
            isinstance(cell, dict)
            and "seed" in cell
            and all(isinstance(value, float) for value in seconds)
            and isinstance(rows, list)
            and all(isinstance(row, dict) and row.keys() >= set(self.columns) for row in rows)
        )

    def save(self, key: str, content: Mapping[str, Any]) -> None:
        """Store a finished cell.

        Raises
        ------
        StorageError
            If the disk is full or the folder cannot be written.
        """
        text = json.dumps({"key": key, **content}, allow_nan=True)
        write_text(self.path(key), text)
        with suppress(OSError):
            self.error_path(key).unlink(missing_ok=True)

    def check_writable(self) -> None:
        """Make the folder and write to it, before hours of work and not after.

        Raises
        ------
        StorageError
            If the folder cannot be made or written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise storage_error(self.folder, error) from error
