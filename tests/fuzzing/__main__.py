"""Seeded fuzzing of all that reads files and configs; each failure is printed with its input.

    python tests/fuzzing 20000               # so many inputs
    python tests/fuzzing 300 7               # of another seed

An input is read, or refused in one line (`RelaxgapError`). Anything else is a failure: another
exception, a warning, more than 60 seconds of CPU, a gigabyte of memory, a file written or a
process started.
"""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "networks")]
sys.dont_write_bytecode = True

from fuzzing.loop import FAILED, fuzz  # noqa: E402
from fuzzing.targets import targets  # noqa: E402

n_inputs, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
ended = fuzz(n_inputs, seed, targets())
for name, counts in ended.items():
    sys.stdout.write(f"{name:16} {dict(counts)}\n")
n_failed = sum(counts[FAILED] for counts in ended.values())
sys.stdout.write(f"{n_inputs} inputs of seed {seed}: {n_failed} failed\n")
sys.exit(n_failed > 0)
