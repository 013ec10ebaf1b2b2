"""The sessions of Python in the texts are what Python answers."""

import doctest

import pytest

from results.prose import RESULTS, ROOT


@pytest.mark.slow
@pytest.mark.parametrize("folder", [ROOT, RESULTS], ids=["README", "results"])
def test_a_session_in_a_text_is_what_python_answers(folder):
    found = doctest.testfile(str(folder / "README.md"), module_relative=False, encoding="utf-8")
    assert found.attempted >= 5
    assert found.failed == 0
