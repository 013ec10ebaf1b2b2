"""``relaxgap completion``."""

import click

from relaxgap.cli.completing.shells import SHELLS, script

LINES = """\b
Each in the file that the shell reads at its start:
  bash  eval "$(relaxgap completion bash)"   in ~/.bashrc
  zsh   eval "$(relaxgap completion zsh)"    in ~/.zshrc, after compinit
  fish  relaxgap completion fish | source    in ~/.config/fish/config.fish
"""


@click.command("completion", epilog=LINES)
@click.argument("shell", type=click.Choice(tuple(SHELLS)))
def completion_command(shell: str) -> None:
    """Print the script with which a SHELL completes commands, options and overrides."""
    click.echo(script(shell), nl=False)
