"""The command line in a process of its own, as a terminal starts it."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

# What starts the tests may ignore SIGINT (nohup, a background job), and children inherit that.
MAIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from relaxgap.cli.main import main
{before}
main()
"""
HANG_SECONDS = 600
"""No wait depends on it: a process that hangs is killed, and its test fails."""


class Child:
    """A command in a process group of its own; its output is read as it comes.

    Parameters
    ----------
    before : str
        Statements that the process runs first.
    color : bool
        Whether it takes its standard error for a terminal.
    """

    def __init__(
        self, folder: Path, *arguments: str, before: str = "", color: bool = False
    ) -> None:
        terminal = {"FORCE_COLOR": "1", "TERM": "xterm"} if color else {}
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN.format(before=before), *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | terminal,
            start_new_session=True,
        )
        self._read = {"stdout": b"", "stderr": b""}
        self._guard = threading.Timer(HANG_SECONDS, self.kill, [signal.SIGKILL])
        self._guard.daemon = True
        self._guard.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_for(self, text: str, stream: str = "stdout") -> None:
        """Return as soon as the process has written the text to the stream."""
        pipe = cast(IO[bytes], getattr(self.process, stream))
        while text.encode() not in self._read[stream]:
            chunk = os.read(pipe.fileno(), 1 << 16)
            self._read[stream] += chunk
            assert chunk, f"ended without {text!r}: {self.finish()}"

    def wait_for_file(self, path: Path) -> None:
        """Return when the process has made a file."""
        while not path.exists():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)
                raise AssertionError(f"ended without {path}: {self.finish()}")

    def kill(self, number: signal.Signals) -> None:
        """Send a signal to all of its group, as a terminal does; nothing to one that is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def finish(self) -> tuple[int, str, str]:
        """Wait for the end; return the exit code and all that was written."""
        rest = self.process.communicate()
        out, err = (
            (self._read[name] + more).decode()
            for name, more in zip(("stdout", "stderr"), rest, strict=True)
        )
        return self.process.returncode, out, err

    def close(self) -> None:
        """Leave nothing of the group behind."""
        self._guard.cancel()
        self.kill(signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            cast(IO[bytes], pipe).close()
