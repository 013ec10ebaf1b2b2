"""How a command ends whose work was ended early: what is finished is kept, the exit code is 1."""

from collections.abc import Iterator
from contextlib import contextmanager

from relaxgap.errors import RelaxgapError

INTERRUPTED = "interrupted; finished cells are kept, the same command resumes."
CUT_SHORT = "interrupted; what is written already is kept."


class InterruptedRunError(RelaxgapError):
    """The run ended before its grid; what was finished before is kept."""


@contextmanager
def before_the_first_bracket() -> Iterator[None]:
    """Say in one line that Ctrl-C came before there was anything to print.

    Raises
    ------
    InterruptedRunError
        After Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise InterruptedRunError(
            "interrupted before the first bracket; nothing is written."
        ) from error


def exit_if(stopped: str) -> None:
    """End a command as an interrupted run does, once its bracket is printed and written.

    Raises
    ------
    InterruptedRunError
        If the work did not come to its own end.
    """
    if stopped:
        raise InterruptedRunError(f"{stopped}; the bracket so far holds and is printed.")
