"""One file per experiment: its cell function and its record type."""
