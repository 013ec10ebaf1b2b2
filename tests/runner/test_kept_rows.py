from relaxgap.runner.kept_rows import with_kept_rows

HEADER = "cell,solver,tolerance,status,seconds\n"
BEFORE = HEADER + (
    "c1,ours,0.1,returned,5.0\n"
    "c1,theirs,0.1,returned,7.0\n"
    'c1,theirs,0.01,failed,"a, b"\n'
    "c1,last,0.1,returned,8.0\n"
)


def test_measured_rows_of_a_solver_that_is_absent_here_stay_where_they_were() -> None:
    new = HEADER + (
        "c1,ours,0.1,returned,1.0\n"
        "c1,theirs,0.1,absent,\n"
        "c1,theirs,0.01,absent,\n"
        "c1,last,0.1,returned,2.0\n"
        "c2,ours,0.1,returned,3.0\n"
        "c2,theirs,0.1,absent,\n"
    )
    kept = with_kept_rows(new, BEFORE, "solver")
    assert kept.names == ("theirs",)
    assert kept.text == HEADER + (
        "c1,ours,0.1,returned,1.0\n"
        "c1,theirs,0.1,returned,7.0\n"
        'c1,theirs,0.01,failed,"a, b"\n'
        "c1,last,0.1,returned,2.0\n"
        "c2,ours,0.1,returned,3.0\n"
        "c2,theirs,0.1,absent,\n"
    )
    # once more, nothing changes
    assert with_kept_rows(new, kept.text, "solver").text == kept.text


def test_rows_of_a_library_that_leaves_none_where_it_is_absent_stay_too() -> None:
    new = HEADER + "c1,ours,0.1,returned,1.0\nc1,last,0.1,returned,2.0\n"
    kept = with_kept_rows(new, BEFORE, "solver").text.splitlines()
    assert [line.split(",")[1] for line in kept[1:]] == ["ours", "theirs", "theirs", "last"]
    assert kept[1].endswith("1.0")


def test_what_is_measured_here_replaces_what_was_measured_before() -> None:
    new = BEFORE.replace("5.0", "6.0").replace("7.0", "9.0")
    assert with_kept_rows(new, BEFORE, "solver").text == new
    assert not with_kept_rows(new, BEFORE, "solver").names


def test_rows_of_other_columns_or_cells_are_not_kept() -> None:
    new = HEADER + "c9,theirs,0.1,absent,\n"
    assert with_kept_rows(new, BEFORE, "solver").text == new
    assert with_kept_rows(new, "cell,solver\nc9,theirs\n", "solver").text == new
    assert with_kept_rows(new, "", "solver").text == new
