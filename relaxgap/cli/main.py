"""The command group and its error policy: one line, the right exit code, no traceback.

The list of commands is read without importing any of them: ``--help``, ``--version`` and the
completion of a shell load click and nothing else.
"""

import sys
from importlib import import_module
from typing import Any

import click

from relaxgap.errors import ConfigurationError, MissedAccuracyError, RelaxgapError

FAILED, USAGE, MISSED = 1, 2, 4

COMMANDS = {
    "run": "Run an experiment: finish its missing cells, write CSV, manifest and figures.",
    "list": "List experiments, solvers and data sets.",
    "figures": "Redraw figures from the stored CSV; all experiments unless some are named.",
    "patterns": "Count the activation patterns (open cells of the arrangement) of DATA.",
    "solve": "Train a network on DATA by convex optimisation and say how good it is.",
    "path": "Solve DATA along the regularisation path, from beta_max down, with a proof at each "
    "point.",
    "certify": "Say how far a trained two-layer ReLU network is from the best one of any width, "
    "with proof.",
}
"""The first sentence of each command's help; ``NAME_command`` lives in ``relaxgap.cli.NAME``."""
MODULES = {"list": "catalogue"}


class Commands(click.Group):
    """Import a command when it is invoked, and print the errors raised on purpose as one line."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name and import it."""
        name, listed, rest = super().resolve_command(ctx, args)
        if name is None or listed is None:
            return name, listed, rest
        module = import_module(f"relaxgap.cli.{MODULES.get(name, name)}")
        return name, getattr(module, f"{name}_command"), rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit 2 for configuration, 1 for bad data or failed work, 4 for a gap."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            _stop(error, USAGE)
        except MissedAccuracyError as error:
            _stop(error, MISSED)
        except RelaxgapError as error:
            _stop(error, FAILED)
        except MemoryError as error:
            said = str(error) or "more than there is"
            _stop(f"Expected what fits in memory, got: {said}; ask for a smaller size.", FAILED)


def _stop(error: Exception | str, code: int) -> None:
    click.echo(f"relaxgap: {' '.join(str(error).split())}", err=True)
    sys.exit(code)


@click.group(
    cls=Commands,
    commands=[click.Command(name, short_help=said) for name, said in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="relaxgap")
def main() -> None:
    """Certified optimality gaps of convex relaxations of two-layer ReLU networks.

    Exit codes: 0 done, also where a --time-limit ran out with a valid bracket; 1 failed cells, bad
    data or interrupted; 2 usage or configuration; 4 the bracket holds but is wider than --rtol.
    """
