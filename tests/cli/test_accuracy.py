from collections.abc import Callable

import click
import numpy as np
import pytest
from click.testing import Result

from relaxgap.cli.accuracy import exit_if_any_missed, exit_if_missed
from relaxgap.errors import MissedAccuracyError
from relaxgap.solvers import Status

Invoke = Callable[..., Result]


@pytest.mark.parametrize(
    ("status", "gap", "options", "advice"),
    [
        (Status.INACCURATE, 1e-5, {}, "raise --rtol"),
        (Status.TIME_LIMIT, 1.0, {}, "raise --time-limit"),
        (Status.INACCURATE, 1.0, {"certificate": "maxcut"}, "take --certificate auto"),
        (Status.FAILED, 1.0, {"solver": "scs"}, "take --solver semismooth_newton"),
        (Status.INACCURATE, 1.0, {"solver": None}, "raise --beta or --beta-fraction, or bring"),
    ],
)
def test_the_advice_is_to_raise_rtol_only_where_the_gap_is_small(
    status: Status, gap: float, options: dict[str, object], advice: str
) -> None:
    with click.Context(click.Command("solve")) as context:
        context.params.update(options)
        with pytest.raises(MissedAccuracyError, match=f"the bracket holds: {advice}"):
            exit_if_missed(status, gap, 1e-6)


def test_a_path_whose_widest_gap_is_large_may_end_earlier() -> None:
    with click.Context(click.Command("path")) as context:
        context.params["smallest_fraction"] = 1e-12
        with pytest.raises(MissedAccuracyError, match="hold: raise --smallest-fraction, or bring"):
            exit_if_any_missed([1e-7, 1.0], 1e-6, 1)
        with pytest.raises(MissedAccuracyError, match="hold: raise --rtol"):
            exit_if_any_missed([1e-7, 1e-5], 1e-6, 1)


def test_a_wide_gap_of_one_certificate_names_the_choice_by_size(
    relaxgap: Invoke, file: str
) -> None:
    np.savez("net.npz", hidden=np.eye(2), output=np.ones(2))
    chosen = (
        "--network",
        "net.npz",
        "--beta",
        "0.01",
        "--certificate",
        "closed_form",
        "--rtol",
        "1e-6",
    )
    result = relaxgap("certify", file, *chosen)
    assert result.exit_code == 4
    assert result.stderr.rstrip().endswith("the bracket holds: take --certificate auto.")
