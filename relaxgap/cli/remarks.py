"""What is said beside a result, on standard error, in the words of the command line."""

from collections.abc import Iterable

import click


def in_options(remark: str) -> str:
    """Name an option in a remark on an argument: ``--standardize`` for ``standardize=True``."""
    return remark.replace("standardize=True", "--standardize")


def say(remarks: Iterable[str]) -> None:
    """Write each remark as one line."""
    for remark in remarks:
        click.echo(f"relaxgap: {in_options(remark)}", err=True)
