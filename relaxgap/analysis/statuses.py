"""How work ended, as the sentence that is printed."""

from collections.abc import Mapping

from relaxgap.solvers.base import Status

SENTENCES: Mapping[Status, str] = {
    Status.RUNNING: "The work goes on; the bracket holds already.",
    Status.SOLVED: "The gap reached the accuracy asked for.",
    Status.INACCURATE: "The gap shrank no further than this; the bracket holds.",
    Status.ROUND_LIMIT: "The rounds ran out before the accuracy asked for; the bracket holds.",
    Status.TIME_LIMIT: "The time ran out before the accuracy asked for; the bracket holds.",
    Status.INTERRUPTED: "The work was interrupted; the bracket so far holds.",
    Status.FAILED: "The solver broke down; the bracket so far holds.",
}


def sentence_of(status: Status) -> str:
    """Say how the work ended."""
    return SENTENCES[status]
