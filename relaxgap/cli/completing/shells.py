"""The scripts of the shells, and the protocol between them and click.

Each script hands over the line up to the cursor and takes one line an answer: a type, the whole
word and what it means, parted by tabs. The type is ``plain``, ``part`` for a word that goes on
(``data.``, ``scale=``), ``file`` or ``dir``.
"""

import os
from collections.abc import Mapping
from typing import Any

from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    split_arg_string,
)

from relaxgap.cli.main import COMPLETING, main

PROGRAM = "relaxgap"
LINE = "COMP_WORDS"
AT_CURSOR = "\x01"
"""Stands where the cursor is, to be in the last word even if that is empty or in quotes."""

_BASH = """\
%(complete_func)s() {
    local type value help
    COMPREPLY=()
    while IFS=$'\\t' read -r type value help; do
        case $type in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            part) compopt -o nospace; COMPREPLY+=("$value") ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a plain shown parts
    local type value help files
    while IFS=$'\\t' read -r type value help; do
        case $type in
            file|dir) files=$type ;;
            part) parts+=("$value") ;;
            plain) plain+=("$value"); shown+=("$value${help:+  -- $help}") ;;
        esac
    done < <(env COMP_WORDS="${(j: :)words[1,CURRENT-1]} $PREFIX" \\
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)
    (( $#parts )) && compadd -U -S '' -V parts -a parts
    (( $#plain )) && compadd -U -l -V plain -d shown -a plain
    [[ -n $files ]] && compset -P '*='
    [[ $files == file ]] && _path_files
    [[ $files == dir ]] && _path_files -/
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    set -l line (commandline -cp | string collect)
    set -l key (string match -r '^[^=]*=' -- (commandline -ct))
    set -l begun (string replace -r '^[^=]*=' '' -- (commandline -ct))
    for answer in (env COMP_WORDS="$line" %(complete_var)s=fish_complete %(prog_name)s 2>/dev/null)
        set -l parts (string split -n \\t -- $answer)
        switch $parts[1]
            case file
                __fish_complete_path $begun | string replace -r -- '^' "$key"
            case dir
                __fish_complete_directories $begun | string replace -r -- '^' "$key"
            case plain part
                string join \\t -- $parts[2..]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class OfLine(ShellComplete):
    """Complete the last word of the line up to the cursor."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and what there is of the word at it."""
        words = split_arg_string(os.environ[LINE] + AT_CURSOR)
        return words[1:-1], words[-1].removesuffix(AT_CURSOR)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return whole words; click leaves ``--loss=`` out of those for ``--loss=sq``."""
        items = super().get_completions(list(args), incomplete)
        name, equals, _ = incomplete.partition("=")
        if equals and name.startswith("-"):
            for item in items:
                item.value = f"{name}={item.value}"
        return items

    def format_completion(self, item: CompletionItem) -> str:
        """Write one answer."""
        help_ = " ".join((item.help or "").split())
        return f"{item.type}\t{item.value}\t{help_}".rstrip("\t")


class Bash(OfLine):
    """Bash replaces what follows the last ``=`` or ``:`` of a word, unless it is told not to."""

    name = "bash"
    source_template = _BASH
    _kept = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words, and keep what bash leaves standing."""
        args, incomplete = super().get_completion_args()
        breaks = [mark for mark in "=:" if mark in os.environ.get("COMP_WORDBREAKS", "=:")]
        end = max((incomplete.rfind(mark) for mark in breaks), default=-1) + 1
        self._kept = incomplete[:end]
        return args, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Write one answer without what bash leaves standing."""
        item.value = item.value.removeprefix(self._kept)
        return super().format_completion(item)


class Zsh(OfLine):
    """Zsh replaces the whole word."""

    name = "zsh"
    source_template = _ZSH


class Fish(OfLine):
    """Fish replaces the whole word, and puts no space behind ``=`` and ``.``."""

    name = "fish"
    source_template = _FISH


SHELLS: Mapping[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def register() -> None:
    """Let click answer the shells by these classes instead of its own."""
    for shell in SHELLS.values():
        add_completion_class(shell)


def script(shell: str) -> str:
    """Return the script of a shell, one of `SHELLS`."""
    nothing: dict[str, Any] = {}
    return SHELLS[shell](main, nothing, PROGRAM, COMPLETING).source()
