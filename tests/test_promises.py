"""Every promise of the README is held by tests, which are named here."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PROMISES = {
    "A bracket holds the optimum": {
        "solvers/test_known_optima.py": "test_the_certified_bracket_holds_the_known_optimum",
        "certificates/test_duality.py": (
            "test_the_dual_point_is_feasible_and_its_value_reached_in_exact_arithmetic",
            "test_the_bracket_holds_at_the_ends_of_double_precision",
        ),
        "cli/test_certify_command.py": "test_the_bracket_holds_the_loss_of_an_untrained_network",
    },
    "With `complete = True`": {
        "solvers/test_solvers_agree.py": (
            "test_column_generation_agrees_with_one_conic_solve_over_all_patterns"
        ),
        "analysis/test_solve.py": "test_a_bound_of_sampled_patterns_is_none_of_the_networks",
        "cli/test_solve_command.py": (
            "test_sampled_patterns_depend_on_the_seed_alone_and_claim_no_completeness"
        ),
    },
    "`--time-limit`, Ctrl-C": {
        "cli/test_certify_command.py": "test_the_smallest_time_limit_leaves_a_bracket_that_holds",
        "global_optimum/test_global_optimum.py": (
            "test_a_time_limit_returns_the_bracket_so_far",
            "test_an_interruption_returns_the_bracket_so_far",
        ),
        "cli/test_path_command.py": "test_a_time_limit_that_runs_out_keeps_the_points_so_far",
        "cli/test_path_interruption.py": "test_ctrl_c_keeps_what_is_solved",
        "cli/test_certify_interruption.py": (
            "test_ctrl_c_prints_what_is_proven",
            "test_an_interrupted_solve_over_all_patterns_prints_its_bracket",
        ),
        "runner/test_interrupts.py": "test_every_signal_that_ends_a_command_is_an_interrupt",
    },
    "A kill at any moment": {
        "cli/test_soak.py": (
            "test_runs_that_are_killed_at_random_end_with_the_summary_of_one_that_nothing_disturbed"
        ),
        "cli/test_interruption.py": (
            "test_a_run_that_is_killed_alone_takes_its_workers_along_and_resumes",
            "test_a_killed_worker_is_one_line_and_the_same_command_resumes",
        ),
        "runner/test_cell_store.py": "test_every_prefix_of_a_cell_file_counts_as_missing",
    },
    "Nothing that is read is executed": {
        "networks/test_hostile_files.py": (
            "test_code_in_a_state_dict_is_refused_and_not_executed",
            "test_every_name_but_those_of_tensors_is_refused",
        ),
        "data/test_files.py": "test_a_pickle_in_an_archive_is_refused_and_not_executed",
        "cli/test_run_refusals.py": "test_a_config_of_the_users_own_runs_nothing",
    },
    "What is damaged or hostile": {
        "test_fuzzing.py": (
            "test_changed_files_and_configs_are_read_or_refused_in_one_line",
            "test_the_fuzzer_sees_what_it_looks_for",
        ),
        "networks/test_hostile_files.py": (
            "test_a_pickle_that_asks_for_gigabytes_is_refused_before_it_gets_them"
        ),
    },
    "A file is replaced whole": {
        "numerics/test_writing.py": (
            "test_a_full_disk_leaves_the_earlier_file_and_nothing_else",
            "test_an_interruption_leaves_the_earlier_file_and_nothing_else",
        ),
        "runner/test_summary.py": "test_no_two_sets_of_settings_share_a_folder",
        "cli/test_run_command.py": "test_a_finished_run_is_not_repeated_unless_forced",
    },
}
"""The first words of each promise, with the tests by their files."""


def promised() -> list[str]:
    """Return the promises of the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## Promises\n(.*?)^## ", readme, re.DOTALL | re.MULTILINE)
    return [line.removeprefix("- ") for line in section.splitlines() if line.startswith("- ")]


def test_every_promise_names_its_tests() -> None:
    assert len(promised()) == len(PROMISES)
    for promise, words in zip(promised(), PROMISES, strict=True):
        assert promise.startswith(words)


@pytest.mark.parametrize("words", PROMISES)
def test_the_tests_of_a_promise_are_there(words: str) -> None:
    for file, names in PROMISES[words].items():
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        for name in (names,) if isinstance(names, str) else names:
            assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{file}: {name}"
            assert "skip" not in text[: text.index(name)].rpartition("\n\n\n")[2], name
