"""The table of words, made from the commands and the settings of experiments.

``python -m relaxgap.cli.completing.making`` writes it.
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from relaxgap.claims.registry import CLAIMS
from relaxgap.cli.completing.words import TABLE, CommandWords, OptionWords, SettingWords, Words
from relaxgap.cli.main import COMMANDS, main
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.axes import SCALES
from relaxgap.runner.config import DATA_SOURCES, CommonSettings

FILES = {"FILE", "NET", "NETWORK", "all|gaussian:N|geometric_algebra:N|GATES.npz"}
"""What options of text say of themselves where the text names a file."""
ONE_WORD = re.compile(r"[\w.+/-]+")
"""What no shell has to quote."""


def made() -> Words:
    """Import every command and every experiment, and list their words."""
    types: dict[str, Mapping[str, SettingWords]] = {}
    common = _type(CommonSettings, types)
    types[common] = {**types[common], "scale": SettingWords(tuple(SCALES))}
    return Words(
        commands={name: _command(name) for name in COMMANDS},
        experiments={name: _type(one.settings, types) for name, one in EXPERIMENTS.items()},
        data={kind: _type(spec, types) for kind, spec in DATA_SOURCES.items()},
        types=dict(sorted(types.items())),
        common=common,
        claims=tuple(CLAIMS),
    )


def text(made_words: Words) -> str:
    """Write the table as JSON, an entry a line."""
    parts = [
        f"{json.dumps(name)}: {_lines(part)}"
        for name, part in dataclasses.asdict(made_words).items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(part: Any, depth: int = 1) -> str:
    """Break mappings of mappings and of lists into lines; what is inside stays in one."""
    if depth > 3 or not isinstance(part, (dict, list, tuple)) or not part:
        return json.dumps(part, ensure_ascii=False)
    if isinstance(part, dict):
        if {"names", "section"} & set(part):
            return json.dumps(part, ensure_ascii=False)
        items = [f"{json.dumps(name)}: {_lines(one, depth + 1)}" for name, one in part.items()]
        opening, closing = "{", "}"
    else:
        items = [_lines(one, depth + 1) for one in part]
        opening, closing = "[", "]"
    inner = " " * depth
    return f"{opening}\n{inner}" + f",\n{inner}".join(items) + f"\n{inner[1:]}{closing}"


def _command(name: str) -> CommandWords:
    with click.Context(main) as ctx:
        command = main.resolve_command(ctx, [name])[1]
        if command is None:
            raise LookupError(f"Expected the command {name!r}, got none; see COMMANDS.")
        options = [_option(one, ctx) for one in command.params if isinstance(one, click.Option)]
        arguments = [one for one in command.params if isinstance(one, click.Argument)]
    named = [f"{one.name}{'*' if one.nargs == -1 else ''}" for one in arguments]
    return CommandWords(tuple(options), tuple(named))


def _option(option: click.Option, ctx: click.Context) -> OptionWords:
    kind = option.type
    values: tuple[str, ...] = ()
    takes = "text"
    if option.is_flag:
        takes = "nothing"
    elif isinstance(kind, click.Choice):
        values = tuple(map(str, kind.choices))
    elif isinstance(kind, click.Path):
        takes = "file" if kind.file_okay else "dir"
    elif option.metavar in FILES or option.name in ("data", "gates"):
        takes = "file"
    elif option.name == "results_dir":
        takes = "dir"
    help_ = " ".join((option.help or "").split()).partition(";")[0].rstrip(".")
    return OptionWords((*option.opts, *option.secondary_opts), takes, values, help_)


def _type(spec: type, types: dict[str, Mapping[str, SettingWords]]) -> str:
    """Enter a dataclass of settings and those in it; return its name."""
    name = f"{spec.__module__.removeprefix('relaxgap.')}.{spec.__qualname__}"
    if name not in types:
        hints = get_type_hints(spec)
        types[name] = {
            field.name: _setting(field, hints[field.name], types)
            for field in dataclasses.fields(spec)
        }
    return name


def _setting(
    field: dataclasses.Field[Any], hint: Any, types: dict[str, Mapping[str, SettingWords]]
) -> SettingWords:
    if dataclasses.is_dataclass(hint):
        return SettingWords(section=_type(hint, types))  # type: ignore[arg-type]
    if get_origin(hint) is dict and dataclasses.is_dataclass(get_args(hint)[1]):
        return SettingWords(section=_type(get_args(hint)[1], types), by_name=True)
    values = list(_values(hint))
    default = json.dumps(field.default) if _is_plain(field.default) else ""
    if default.strip('"') not in values and values in ([], ["null"]):
        values = [default.strip('"'), *values]
    return SettingWords(tuple(value for value in values if ONE_WORD.fullmatch(value)))


def _values(hint: Any) -> Iterable[str]:
    if get_origin(hint) is Literal:
        return map(str, get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return [value for one in get_args(hint) for value in _values(one)]
    return {bool: ("true", "false"), NoneType: ("null",)}.get(hint, ())


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))


if __name__ == "__main__":
    TABLE.write_text(text(made()), encoding="utf-8")
