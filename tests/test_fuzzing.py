"""Files and configs are read, or refused in one line; and the fuzzer would see what is not."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FUZZING = Path(__file__).resolve().parent / "fuzzing"
PLANTED = (
    "raise ValueError",
    "raise RelaxgapError('two\\nlines')",
    "warnings.warn('a warning')",
    "open({folder!r} + '/written', 'w')",
    "subprocess.run(['true'])",
    "bytearray(2**31 + 2**30)",
    "b'x' * (2**30 + 2**28)",
    "{{}}[0]",
)
"""What no reader may do."""
CODE = """
import subprocess, sys, warnings
sys.path[:0] = {searched!r}
from fuzzing.loop import FAILED, fuzz
from fuzzing.targets import Target
from relaxgap.errors import RelaxgapError
for body in {bodies!r}:
    target = Target(body, (b"",), lambda rng, value: value, lambda *_: exec(body), 1.0)
    print("failed" if fuzz(1, 0, [target])[body][FAILED] else "passed", body)
"""


def test_changed_files_and_configs_are_read_or_refused_in_one_line() -> None:
    done = subprocess.run([sys.executable, str(FUZZING), "300"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_fuzzer_sees_what_it_looks_for(tmp_path: Path) -> None:
    tests = FUZZING.parent
    searched = [str(tests.parent), str(tests), str(tests / "networks")]
    bodies = [body.format(folder=str(tmp_path)) for body in PLANTED]
    code = CODE.format(searched=searched, bodies=bodies)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = {line for line in done.stdout.splitlines() if line.startswith(("failed", "passed"))}
    assert len(said) == len(PLANTED), done.stdout + done.stderr
    assert all(line.startswith("failed") for line in said), said
