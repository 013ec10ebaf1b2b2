import pytest

from relaxgap.cli.shown_text import MAX_QUOTED, cut, error_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 數", "plain é 數"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udcffb", "a\\udcffb"),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_what_moves_the_cursor_or_turns_text_around_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_long_name_keeps_both_ends() -> None:
    name = "start" + "x" * 500 + "end"
    assert len(cut(name)) == MAX_QUOTED
    assert (cut(name)[:5], cut(name)[-3:]) == ("start", "end")
    assert cut("x" * MAX_QUOTED) == "x" * MAX_QUOTED


def test_an_error_is_one_line_whose_quoted_values_are_cut_and_whose_words_are_not() -> None:
    words = "many " * 40
    line = error_line(f"Expected {words}\n of it, got '{'x' * 500}'; don't do what can't be.")
    assert words in line
    assert line.endswith("xxx'; don't do what can't be.")
    quoted = line.partition("got '")[2].partition("'")[0]
    assert len(quoted) == MAX_QUOTED


def test_a_path_to_open_is_whole_and_an_endless_word_is_not() -> None:
    path = f"/results/{'x' * 150}.json"
    assert error_line(f"Expected to write {path}.") == f"Expected to write {path}."
    assert len(error_line(f"Expected a=b, got a={'x' * 3000}")) < 150


def test_a_list_of_short_names_is_whole() -> None:
    names = ", ".join(repr(f"column_{k}") for k in range(20))
    assert error_line(f"Expected one of {names}, got 'x'.") == f"Expected one of {names}, got 'x'."
