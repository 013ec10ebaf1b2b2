"""The entry of the command line: it takes Ctrl-C before anything that takes time is imported."""

import sys

from relaxgap.cli.interruption import CUT_SHORT
from relaxgap.runner.interrupts import ignore, interruptible


def main() -> None:
    """Run the command line to the end of the process."""
    with interruptible(for_good=True) as interrupts:
        try:
            from relaxgap.cli.main import main as command

            command(prog_name="relaxgap")
        except KeyboardInterrupt:
            sys.stderr.write(f"relaxgap: {CUT_SHORT}\n")
            sys.exit(1)
        finally:
            # what the interpreter does at its end leaves tracebacks if interrupted
            interrupts.end()
            ignore()
