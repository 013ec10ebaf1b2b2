"""The command group and its error policy: one line, the right exit code, no traceback."""

import sys
from typing import Any

import click

from relaxgap.cli.catalogue import list_command
from relaxgap.cli.certify import certify_command
from relaxgap.cli.figures import figures_command
from relaxgap.cli.path import path_command
from relaxgap.cli.patterns import patterns_command
from relaxgap.cli.run import run_command
from relaxgap.cli.solve import solve_command
from relaxgap.errors import ConfigurationError, RelaxgapError

FAILED, USAGE = 1, 2


class OneLineErrors(click.Group):
    """Print the errors relaxgap raises on purpose as one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit 2 for a configuration error, 1 for bad data or failed work."""
        try:
            return super().invoke(ctx)
        except ConfigurationError as error:
            _stop(error, USAGE)
        except RelaxgapError as error:
            _stop(error, FAILED)


def _stop(error: Exception, code: int) -> None:
    click.echo(f"relaxgap: {' '.join(str(error).split())}", err=True)
    sys.exit(code)


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="relaxgap")
def main() -> None:
    """Certified optimality gaps of convex relaxations of two-layer ReLU networks.

    Exit codes: 0 done, 1 failed cells or bad data, 2 usage or configuration.
    """


main.add_command(run_command)
main.add_command(list_command)
main.add_command(figures_command)
main.add_command(patterns_command)
main.add_command(solve_command)
main.add_command(path_command)
main.add_command(certify_command)
