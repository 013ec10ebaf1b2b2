"""``python -m relaxgap``: the command line without its name on the PATH."""

from relaxgap.cli.start import main

main()
