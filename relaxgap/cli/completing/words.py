"""The words that commands and settings are made of, read from a table instead of from them.

To import a command takes seconds, and a shell waits for its answer. ``words.json`` is
made by ``make completion`` (`relaxgap.cli.completing.making`); a test compares it with its sources.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("words.json")


@dataclass(frozen=True, slots=True)
class OptionWords:
    """Describe an option of a command.

    Parameters
    ----------
    names : tuple of str
        As ``-m`` and ``--multirun``.
    takes : str
        ``nothing``, ``text``, ``file`` or ``dir``.
    values : tuple of str
        All that it takes; empty where that is no list.
    help : str
        What it is.
    """

    names: tuple[str, ...]
    takes: str
    values: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class CommandWords:
    """Hold the options of a command and the names of its arguments, with a star if repeated."""

    options: tuple[OptionWords, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingWords:
    """Describe a setting of a run.

    Parameters
    ----------
    values : tuple of str
        All that it takes, else its default if that is one word.
    section : str
        The type whose settings it holds; empty for a value.
    by_name : bool
        Whether it holds such a section for each of several names, which the config gives.
    """

    values: tuple[str, ...] = ()
    section: str = ""
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Hold the table.

    Parameters
    ----------
    commands : mapping
        Command by name.
    types : mapping
        Settings by name, for every type of them.
    experiments, data : mapping
        Type of the settings of an experiment, and of a kind of data.
    common : str
        Type of the settings that every run has.
    claims : tuple of str
        Names of claims.
    """

    commands: Mapping[str, CommandWords]
    types: Mapping[str, Mapping[str, SettingWords]]
    experiments: Mapping[str, str]
    data: Mapping[str, str]
    common: str
    claims: tuple[str, ...]


@cache
def words() -> Words:
    """Read the table."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return Words(
        commands={name: _command(entry) for name, entry in table["commands"].items()},
        types={
            name: {key: _setting(entry) for key, entry in entries.items()}
            for name, entries in table["types"].items()
        },
        experiments=table["experiments"],
        data=table["data"],
        common=table["common"],
        claims=tuple(table["claims"]),
    )


def _command(entry: Mapping[str, Any]) -> CommandWords:
    options = (
        OptionWords(tuple(one["names"]), one["takes"], tuple(one["values"]), one["help"])
        for one in entry["options"]
    )
    return CommandWords(tuple(options), tuple(entry["arguments"]))


def _setting(entry: Mapping[str, Any]) -> SettingWords:
    return SettingWords(tuple(entry["values"]), entry["section"], entry["by_name"])
