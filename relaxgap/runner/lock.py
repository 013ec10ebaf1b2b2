"""Two runs at once over one store write what they collect from it one after the other."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

NAME = ".lock"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in such a block, where the file system has locks.

    Who reads the cells within it and writes their summary knows at least the cells of whoever wrote
    before.

    Parameters
    ----------
    folder : Path
        Of the cells; it exists.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            stream = stack.enter_context((folder / NAME).open("ab"))
            # given back when the stream is closed, however the process ends
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
