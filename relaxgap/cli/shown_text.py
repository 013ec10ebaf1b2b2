"""Text from anywhere made fit to be shown: nothing in it moves the cursor or turns lines around."""

import re

MAX_QUOTED = 80
"""Characters of a name or cell that a line of an error repeats."""
_QUOTED = re.compile(rf"(?<!\w)(['\"])((?:(?!\1).){{{MAX_QUOTED + 1},}})\1(?!\w)")
_ENDLESS = re.compile(r"\S{201,}")
"""What no path to open is, quoted or not."""


def printable(text: str) -> str:
    r"""Escape what is not to be printed: controls, bidirectional marks, half characters.

    >>> printable("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def cut(text: str) -> str:
    """Shorten a name from its middle, so that both ends are read."""
    if len(text) <= MAX_QUOTED:
        return text
    kept = MAX_QUOTED - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"


def error_line(message: object) -> str:
    """Return a message as one line that can be shown, each value it quotes cut."""
    words = printable(" ".join(str(message).split()))
    words = _QUOTED.sub(lambda found: f"{found[1]}{cut(found[2])}{found[1]}", words)
    return _ENDLESS.sub(lambda found: cut(found[0]), words)
