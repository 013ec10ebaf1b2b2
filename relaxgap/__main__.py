"""``python -m relaxgap``: the command line without its name on the PATH."""

from relaxgap.cli.main import main

main(prog_name="relaxgap")
