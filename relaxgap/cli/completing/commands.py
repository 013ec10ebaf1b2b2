"""Commands as far as completion needs them: their options and what their arguments may be."""

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from relaxgap.cli.completing.words import OptionWords, words
from relaxgap.runner.config_files import option_names

Items = list[CompletionItem]


def command_of(name: str) -> click.Command:
    """Return a command that can be completed and does nothing."""
    known = words().commands[name]
    params: list[click.Parameter] = [_option(option) for option in known.options]
    for argument in known.arguments:
        repeated = argument.endswith("*")
        named = argument.removesuffix("*")
        params.append(
            click.Argument(
                [named], nargs=-1 if repeated else 1, required=False, shell_complete=ITEMS[named]
            )
        )
    return click.Command(
        name, params=params, context_settings={"ignore_unknown_options": name == "run"}
    )


def _option(option: OptionWords) -> click.Option:
    kinds = {"file": click.Path(), "dir": click.Path(file_okay=False)}
    kind = click.Choice(option.values) if option.values else kinds.get(option.takes)
    if option.takes == "nothing":
        return click.Option(option.names, is_flag=True, help=option.help)
    # what is repeated is completed as what is not
    return click.Option(option.names, type=kind, help=option.help, multiple=True)


def _data(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    """Complete the name of a data set if one begins like this, else that of a file."""
    named = [name for name in option_names("data") if name != "file"]
    found = _of(named, incomplete) if incomplete else []
    return found or _files(ctx, param, incomplete)


def _files(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    return [CompletionItem(incomplete, type="file")]


def _claims(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    return _of(words().claims, incomplete)


def _experiments(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    return _of(words().experiments, incomplete)


def _overrides(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    # YAML takes as long to import as all the rest, and other commands do without
    from relaxgap.cli.completing.overrides import override_answers

    (folder,) = ctx.params.get("config_dir") or (None,)
    given = ctx.params.get("overrides") or ()
    answers = override_answers(given, incomplete, Path(folder) if folder else None)
    return [CompletionItem(answer.word, answer.kind, answer.help) for answer in answers]


def _shells(ctx: click.Context, param: click.Parameter, incomplete: str) -> Items:
    return _of(("bash", "zsh", "fish"), incomplete)


def _of(names: Iterable[str], incomplete: str) -> Items:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


ITEMS: dict[str, Callable[[click.Context, click.Parameter, str], Items]] = {
    "data": _data,
    "network_file": _files,
    "claims": _claims,
    "name": _claims,
    "experiments": _experiments,
    "overrides": _overrides,
    "shell": _shells,
}
"""What an argument of a name may be, whatever the command."""
