"""Two classes of any names become -1 and +1, and their names are remembered."""

import re

import numpy as np
import pytest
from written_files import write

from relaxgap.data.classes import class_sentence, two_classes
from relaxgap.data.files import FileData
from relaxgap.errors import DataError


@pytest.mark.parametrize(
    ("labels", "signs", "names"),
    [
        ([-1.0, 1.0, 1.0], [-1, 1, 1], ("-1", "1")),
        ([1, 0, 0], [1, -1, -1], ("0", "1")),
        ([True, False], [1, -1], ("0", "1")),
        (["yes", " no ", "yes"], [1, -1, 1], ("no", "yes")),
        (["10", "9", "9.0"], [1, -1, -1], ("9", "10")),
        (np.array(["b", "a"], dtype=object), [1, -1], ("a", "b")),
        ([0.1234567891, 0.1234567892], [-1, 1], ("0.1234567891", "0.1234567892")),
        (["x", "x"], [1, 1], ("x",)),
        ([0.0, 0.0], [-1, -1], ("0",)),
        ([2.0], [1], ("2",)),
    ],
)
def test_the_later_class_is_plus_one(labels: object, signs: list[int], names: tuple) -> None:
    y, classes = two_classes(labels, "hinge")
    assert y.dtype == np.float64
    assert y.tolist() == signs
    assert classes == names


@pytest.mark.parametrize(
    ("labels", "refusal"),
    [
        (["a", "b", "c"], "two classes for the hinge loss, got 3 different ones: 'a', 'b', 'c'"),
        (np.linspace(0.0, 1.0, 50), r"got 50 different ones: .* \(50 in all\)"),
        ([0.0, np.nan, 1.0], "got 1 missing labels, the first in row 2"),
        (["a", None, "", "b"], "got 2 missing labels, the first in row 2"),
        ([], "got 0 different ones"),
        ([["a", "b"]], "Expected y with 1 axes"),
    ],
)
def test_what_is_not_two_classes_is_refused_in_one_line(labels: object, refusal: str) -> None:
    with pytest.raises(DataError, match=refusal) as error:
        two_classes(labels, "hinge")
    assert "\n" not in str(error.value)


def test_one_class_stands_against_the_rest_of_any_number() -> None:
    labels = ["b", "a", "c", "b"]
    for name, signs in (("a", [-1, 1, -1, -1]), (" b", [1, -1, -1, 1])):
        y, classes = two_classes(labels, "hinge", name)
        assert y.tolist() == signs
        assert classes == (f"not {name.strip()}", name.strip())
    # the first of two is turned around, one alone stays alone
    assert two_classes([0, 1, 1], "hinge", "0")[0].tolist() == [1, -1, -1]
    assert two_classes([0, 1, 1], "hinge", "0")[1] == ("1", "0")
    assert two_classes(["x"], "hinge", "x")[1] == ("x",)
    with pytest.raises(DataError, match="got 'cats' beside 'cat', 'dog'; did you mean 'cat'"):
        two_classes(["cat", "dog"], "hinge", "cats")


def test_a_table_may_name_its_classes_in_any_column(tmp_path) -> None:
    for text in ("kind,a,b\ncat,1,2\ndog,3,4\n", "a;kind;b\n1;cat;2\n3;dog;4\n"):
        X, labels = FileData(str(write(tmp_path / "t.csv", text)), "kind").load_classes()
        assert X.tolist() == [[1.0, 2.0], [3.0, 4.0]]
        assert labels == ["cat", "dog"]
    short = write(tmp_path / "t.csv", "a,kind\n1,cat\n,\n3,dog\n")
    with pytest.raises(DataError, match="row 2 of 'a'"):
        FileData(str(short), "kind").load_classes()
    constant = write(tmp_path / "t.csv", "a,kind\n1,cat\n1,dog\n")
    with pytest.raises(DataError, match="got constant data"):
        FileData(str(constant), "kind").load_classes()


def test_one_class_alone_is_said_to_be_one() -> None:
    assert re.search("All samples are of one class, 'x'", class_sentence(("x",)))
    assert "stands for 'a', one above 0 for 'b'" in class_sentence(("a", "b"))
    assert class_sentence(None) == ""


def test_a_negative_zero_is_the_class_zero():
    assert two_classes(-0.0 * np.ones(3), "hinge")[1] == ("0",)
