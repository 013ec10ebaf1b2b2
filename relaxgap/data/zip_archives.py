"""Zip files of unknown origin, read with a bound on the memory that they can take."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relaxgap.errors import DataError

EXPANSION = 100
"""What is read of a file takes at most this many times the size of the file in memory."""
FREE_BYTES = 2**24
"""What any file may take, however small it is."""

PIECE_BYTES = 2**20
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What zipfile raises on damaged, truncated or encrypted archives; it documents the first only."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass(frozen=True, slots=True)
class ZipArchive:
    """Read the members of an open zip file, none of which may take more than ``limit`` bytes.

    Its methods raise `ARCHIVE_ERRORS` on damage, and `DataError` on what is refused.
    """

    opened: zipfile.ZipFile
    limit: int

    @property
    def names(self) -> list[str]:
        """Names of the members, in the order of the file."""
        return self.opened.namelist()

    def size(self, name: str) -> int:
        """Return the bytes of a member once it is decompressed."""
        return self.opened.getinfo(name).file_size

    def start_of(self, name: str, n_bytes: int) -> bytes:
        """Return the first bytes of a member."""
        with self.opened.open(self._readable(name)) as stream:
            return stream.read(n_bytes)

    def read(self, name: str) -> bytes:
        """Return a member, whose checksum is right."""
        info = self._readable(name)
        if info.file_size > self.limit:
            raise too_large(f"{name!r} of {info.file_size} bytes", self.limit)
        return self.opened.read(info)

    def read_into(self, out: np.ndarray, name: str, start: int) -> None:
        """Fill an array with the bytes of a member from ``start`` on, whose checksum is right."""
        with self.opened.open(self._readable(name)) as stream:
            stream.read(start)
            left = out.data.cast("B")
            while len(left):
                piece = stream.read(min(len(left), PIECE_BYTES))
                if not piece:
                    raise EOFError("too few bytes")
                left[: len(piece)] = piece
                left = left[len(piece) :]
            # the checksum is looked at where the member ends
            stream.read()

    def _readable(self, name: str) -> zipfile.ZipInfo:
        info = self.opened.getinfo(name)
        # LZMA takes gigabytes if a damaged header asks for a dictionary of that size.
        if info.compress_type not in _METHODS:
            raise DataError(
                f"Expected {name!r} stored or compressed by deflate, as NumPy and PyTorch do, got "
                f"the zip method {info.compress_type}, or a damaged entry; write the file again "
                "with them."
            )
        return info


@contextmanager
def open_zip(path: Path, kind: str, advice: str) -> Iterator[ZipArchive]:
    """Open a zip file.

    Parameters
    ----------
    path : Path
        An existing file.
    kind : str
        What it should be, and
    advice : str
        what to do if it is not, for the message.

    Raises
    ------
    DataError
        If it is no zip file.
    """
    # zipfile may leave a file that it opened itself open when the archive is damaged.
    with path.open("rb") as stream:
        try:
            opened = zipfile.ZipFile(stream)
        except ARCHIVE_ERRORS as error:
            raise DataError(
                f"Expected {kind}, got a file that cannot be read as such ({error}); {advice}."
            ) from error
        with opened:
            yield ZipArchive(opened, memory_limit(path))


def memory_limit(path: Path) -> int:
    """Return the bytes that what is read of a file may take: 16 MiB, or 100 times its size."""
    return max(FREE_BYTES, EXPANSION * path.stat().st_size)


def too_large(what: str, limit: int) -> DataError:
    """Return the refusal of what would take more memory than a file of its size may."""
    return DataError(
        f"Expected at most {limit} bytes ({FREE_BYTES // 2**20} MiB, or {EXPANSION} times the size "
        f"of the file) once it is read, got {what}; if that is meant, save it uncompressed."
    )
