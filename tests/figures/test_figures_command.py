import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from relaxgap.cli.main import main

DRAWING = ("matplotlib", "pandas")


@pytest.mark.parametrize(("name", "guess"), [("nope", ""), ("gap_vs_log_m", "gap_vs_log_n")])
def test_an_unknown_experiment_is_pointed_to_the_list(name: str, guess: str) -> None:
    result = CliRunner().invoke(main, ["figures", name])
    assert result.exit_code == 2
    assert "`relaxgap list` shows them all" in result.output
    assert guess in result.output


@pytest.mark.slow
def test_what_draws_is_imported_when_something_is_drawn() -> None:
    code = (
        "import json, sys; import relaxgap.runner.figures; from relaxgap.cli import figures; "
        f"print(json.dumps([name for name in {DRAWING} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not json.loads(done.stdout)
