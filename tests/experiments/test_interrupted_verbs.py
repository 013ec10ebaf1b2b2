"""A verb that Ctrl-C ended returns its bracket so far: no experiment may keep that as a cell."""

from types import SimpleNamespace

import pytest

from relaxgap.experiments.parts.interruption import uninterrupted


def test_what_was_interrupted_is_no_result() -> None:
    with pytest.raises(KeyboardInterrupt):
        uninterrupted(SimpleNamespace(stopped="interrupted"))


@pytest.mark.parametrize("stopped", ["", "MemoryError: none left"])
def test_whatever_else_was_found_is_one(stopped: str) -> None:
    found = SimpleNamespace(stopped=stopped)
    assert uninterrupted(found) is found
