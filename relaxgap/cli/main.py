"""The command group and its error policy: one line, the right exit code, no traceback.

The list of commands is read without importing any of them: ``--help``, ``--version`` and the
completion of a shell load click and nothing else.
"""

import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from relaxgap.cli.interruption import CUT_SHORT
from relaxgap.cli.shown_text import error_line
from relaxgap.errors import ConfigurationError, MissedAccuracyError, RelaxgapError
from relaxgap.runner.interrupts import interruptible

FAILED, USAGE, MISSED = 1, 2, 4
# 3: a claim does not hold (`relaxgap.cli.verify`)
COMPLETING = "_RELAXGAP_COMPLETE"
"""The variable in which click finds that a shell asks, named after the program."""

COMMANDS = {
    "run": "Run an experiment: finish its missing cells, write CSV, manifest and figures.",
    "list": "List experiments, solvers and data sets.",
    "figures": "Redraw figures from the stored CSV; all experiments unless some are named.",
    "report": "Write one HTML page over a folder of results: claims, figures, brackets and data.",
    "patterns": "Count the activation patterns (open cells of the arrangement) of DATA.",
    "solve": "Train a network on DATA by convex optimisation and say how good it is.",
    "path": "Solve DATA along the regularisation path, from beta_max down, with a proof at each "
    "point.",
    "certify": "Say how far a trained two-layer ReLU network is from the best one of any width, "
    "with proof.",
    "optimal-set": "Describe all optimal networks of DATA: one or many, how wide, how much they "
    "disagree.",
    "predict": "Predict for the rows of DATA by a NETWORK that solve, path or another library "
    "trained.",
    "verify": "Check the paper's claims against results, or one of them on your own DATA.",
    "explain": "Say what a claim states, under which hypotheses, and where it is computed and "
    "drawn.",
    "completion": "Print the script with which a SHELL completes commands, options and overrides.",
}
"""The first sentence of each command's help; ``NAME_command`` lives in ``relaxgap.cli.NAME``.

A dash in a name is an underscore there.
"""
MODULES = {"list": "catalogue", "optimal-set": "optimal_set"}


class Commands(click.Group):
    """Import a command when it is invoked, and print the errors raised on purpose as one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; what its surroundings refuse is one line too."""
        if COMPLETING in os.environ:
            from relaxgap.cli.completing.shells import register

            register()
        with interruptible():
            try:
                try:
                    return super().main(*args, **kwargs)
                finally:
                    sys.stdout.flush()
            except BrokenPipeError:
                _drop_output()
                sys.exit(FAILED)
            except OSError as error:
                if error.filename is None:
                    _drop_output()
                _stop(_surroundings(error), FAILED)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command by its name and import it; to complete it a table of words is enough."""
        name, listed, rest = super().resolve_command(ctx, args)
        if name is None or listed is None:
            return name, listed, rest
        if ctx.resilient_parsing:
            from relaxgap.cli.completing.commands import command_of

            return name, command_of(name), rest
        module = import_module(f"relaxgap.cli.{MODULES.get(name, name)}")
        return name, getattr(module, f"{name.replace('-', '_')}_command"), rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit 2 for configuration, 1 for bad data or failed work, 4 for a gap."""
        with interruptible() as interrupts:
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
            except click.UsageError as error:
                said = error_line(error.format_message())
                raise click.UsageError(said, error.ctx) from None
            except KeyboardInterrupt:
                _stop(CUT_SHORT, FAILED)
            except Exception:
                # interrupted imports and native code raise whatever they like
                if not interrupts.asked:
                    raise
                _stop(CUT_SHORT, FAILED)


def _stop(error: Exception | str, code: int) -> NoReturn:
    with suppress(OSError):
        click.echo(f"relaxgap: {error_line(error)}", err=True)
    sys.exit(code)


def _surroundings(error: OSError) -> str:
    """Word what the system refused: a full disk under standard output, most of all."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"Expected to write the output, got {reason!r}; give it another place."
    return f"Expected to use {str(error.filename)!r}, got {reason!r}; choose another."


def _drop_output() -> None:
    """Let the interpreter flush at its end what nobody can take."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_versions(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    """Print the versions and end, if asked."""
    if not asked or ctx.resilient_parsing:
        return
    from relaxgap.cli.installed import versions

    click.echo(versions())
    ctx.exit()


@click.group(
    cls=Commands,
    commands=[click.Command(name, short_help=said) for name, said in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of the package and of what it solves with, and exit.",
)
def main() -> None:
    """Certified optimality gaps of convex relaxations of two-layer ReLU networks.

    Exit codes: 0 done, also where a --time-limit ran out with a valid bracket; 1 failed cells, bad
    data or interrupted; 2 usage or configuration; 3 a claim does not hold; 4 the
    bracket holds but is wider than --rtol.
    """
