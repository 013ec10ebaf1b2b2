"""Read changed inputs one after the other, and watch what comes of it."""

import os
import random
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuzzing.targets import Target
from relaxgap.errors import RelaxgapError

READ, REFUSED, FAILED = "read", "refused", "failed"
CPU_SECONDS = 60.0
MOST_BYTES = 2**30
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Hang(BaseException):
    """An input took too long."""


class Watch:
    """Note what is written or started while an input is read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.found, self.on = str(folder), list[str](), False
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in STARTS:
            self.found.append(f"{event}{arguments[:2]}")
        elif event == "open" and isinstance(arguments[0], (str, bytes)):
            path = os.fsdecode(arguments[0])
            inside = os.path.abspath(path).startswith((self.folder, "/dev/"))
            if (arguments[2] or 0) & WRITES and not inside:
                self.found.append(f"wrote {path}")


def read(target: Target, rng: random.Random, folder: Path, value: Any, watch: Watch) -> str:
    """Read one input; return ``read``, ``refused``, or what went wrong."""
    before = peak_bytes()
    watch.found.clear()
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    watch.on = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            target.read(rng, folder, value)
        ended = READ
    except RelaxgapError as error:
        if len(str(error).splitlines()) != 1:
            return f"not one line: {error!r}"
        ended = REFUSED
    except (Exception, Hang):
        return traceback.format_exc()
    finally:
        watch.on = False
        signal.setitimer(signal.ITIMER_PROF, 0)
    if watch.found:
        return "; ".join(watch.found)
    peak = peak_bytes() - before
    return f"{peak:,} bytes more than before" if peak > MOST_BYTES else ended


def peak_bytes() -> int:
    """Return the most memory that this process held; what its parent held is not its own."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def limit_memory() -> None:
    """Let what asks for more than a gigabyte fail instead of the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 2 * MOST_BYTES
    # the hard limit stays: a process that has grown may ask again for more
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def ring(number: int, frame: object) -> None:
    raise Hang


def fuzz(n_inputs: int, seed: int, known: Sequence[Target]) -> dict[str, Counter[str]]:
    """Read so many inputs; print the failures, and return how many of each kind ended how."""
    ended = {target.name: Counter[str]() for target in known}
    signal.signal(signal.SIGPROF, ring)
    if Path("/proc/self/statm").exists():
        limit_memory()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        watch = Watch(Path(name).resolve())
        for i in range(n_inputs):
            # each input can be made again alone
            rng = random.Random(f"{seed}/{i}")
            (target,) = rng.choices(known, [one.share for one in known])
            value = target.change(rng, rng.choice(target.valid))
            said = read(target, rng, Path(name), value, watch)
            ended[target.name][said if said in (READ, REFUSED) else FAILED] += 1
            if said not in (READ, REFUSED):
                sys.stdout.write(f"--- {target.name}, input {i} of seed {seed}: {value!r:.2000}\n")
                sys.stdout.write(f"{said}\n")
                sys.stdout.flush()
    return ended
