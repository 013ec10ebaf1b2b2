"""The user's files by their paths, and the one line in which everything wrong with one is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relaxgap.errors import DataError


@contextmanager
def errors_of(path: str) -> Iterator[None]:
    """Turn whatever reading a file raises into one line that starts with its path."""
    try:
        yield
    except DataError as error:
        raise DataError(" ".join(f"{path}: {error}".split())) from error
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{path}: Expected a path that can be opened, got {error}; check the path and "
            "its permissions."
        ) from error


def existing_file(name: str, endings: tuple[str, ...]) -> Path:
    """Return the path of a file that is there and has one of the endings, in lower or upper case.

    Raises
    ------
    DataError
        If it is not; `errors_of` adds the path to the message.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        raise DataError("Expected a file, got a directory; name the file inside it.")
    if not path.name.lower().endswith(endings):
        raise DataError(
            f"Expected a file ending in {' or '.join(endings)}, got the ending "
            f"{path.suffix!r}; convert it."
        )
    if not path.exists():
        raise DataError(
            "Expected an existing file, got a path where there is none; check the spelling, "
            f"a relative path starts at {str(Path.cwd())!r}."
        )
    return path
