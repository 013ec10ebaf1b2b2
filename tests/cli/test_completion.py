"""What a shell is answered at the tab key."""

import os
import pty
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from children import HANG_SECONDS
from click.testing import CliRunner

from relaxgap.cli.completing.making import made, text
from relaxgap.cli.completing.overrides import override_answers
from relaxgap.cli.completing.shells import SHELLS, script
from relaxgap.cli.completing.words import TABLE
from relaxgap.cli.main import COMMANDS, COMPLETING, main
from relaxgap.cli.overrides import ConfigSource, checked_overrides
from relaxgap.runner.config import checked, known_keys


def answers(
    line: str, monkeypatch: pytest.MonkeyPatch, shell: str = "bash", breaks: str = ""
) -> list[tuple[str, str]]:
    """Return the type and the word of what the shell is told for the line up to the cursor."""
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_WORDBREAKS", breaks)
    said = SHELLS[shell](main, {}, "relaxgap", COMPLETING).complete()
    pairs = [answer.split("\t")[:2] for answer in said.splitlines()]
    return [(pair[0], pair[1] if len(pair) > 1 else "") for pair in pairs]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch):
    """Return what may stand at the end of a line."""
    return lambda line, shell="bash": [word for _, word in answers(line, monkeypatch, shell)]


def test_commands_are_completed(words) -> None:
    assert words("relaxgap ") == sorted(COMMANDS)
    assert words("relaxgap so") == ["solve"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("relaxgap solve x.csv --beta", ["--beta", "--beta-fraction"]),
        ("relaxgap solve x.csv --loss ", ["squared", "logistic", "hinge"]),
        ("relaxgap solve x.csv --loss=hi", ["--loss=hinge"]),
        ("relaxgap solve sph", ["sphere"]),
        ("relaxgap completion z", ["zsh"]),
        ("relaxgap verify eq_7 theorem_7", ["theorem_7"]),
        ("relaxgap figures gap_vs_l", ["gap_vs_log_n"]),
        ("relaxgap run --mul", ["--multirun"]),
        ("relaxgap run -c j", ["job"]),
    ],
)
def test_options_and_arguments_are_completed(words, line: str, expected: list[str]) -> None:
    assert words(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("exp", ["experiment="]),
        ("experiment=cone", ["experiment=cone_sharpness"]),
        ("sca", ["scale="]),
        ("scale=", ["scale=ci", "scale=default", "scale=full"]),
        ("solver=se", ["solver=semismooth_newton"]),
        ("-m solver=scs,ec", ["solver=scs,ecos"]),
        ("training.meth", ["training.methods."]),
        ("training.methods.", ["training.methods.sgd.", "training.methods.adam."]),
        ("training=short_gd training.methods.", ["training.methods.gd."]),
        ("training.methods.sgd.sched", ["training.methods.sgd.schedule="]),
        ("training.methods.sgd.schedule=cos", ["training.methods.sgd.schedule=cosine"]),
        ("data=digits data.cl", ["data.class_a=", "data.class_b="]),
        ("runner.f", ["runner.force="]),
        ("runner.force=", ["runner.force=true", "runner.force=false"]),
        ("~grid.str", ["~grid.strength"]),
        ("+grid.patterns.n", ["+grid.patterns.n_gates="]),
        ("experiment=exact_optimum training.", []),
        ("experiment=exact_optimum 'patterns.l", ["patterns.limit="]),
        ("experiment=no_such_thing sc", ["scale="]),
    ],
)  # fmt: skip
def test_overrides_are_completed_by_the_chosen_experiment(
    words, line: str, expected: list[str]
) -> None:
    assert words(f"relaxgap run {line}") == expected


def test_bash_is_told_what_follows_the_marks_at_which_it_breaks_words(monkeypatch) -> None:
    line = "relaxgap run experiment=cone"
    assert answers(line, monkeypatch, breaks=" =:") == [("plain", "cone_sharpness")]
    assert answers(line, monkeypatch, breaks=" ") == [("plain", "experiment=cone_sharpness")]
    line = "relaxgap solve x.csv --loss=hi"
    assert answers(line, monkeypatch, breaks=" =:") == [("plain", "hinge")]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_word_that_goes_on_is_told_from_one_that_ends(monkeypatch, shell: str) -> None:
    assert answers("relaxgap run sca", monkeypatch, shell) == [("part", "scale=")]
    assert answers("relaxgap run training.m", monkeypatch, shell) == [("part", "training.methods.")]
    assert answers("relaxgap run ~grid.se", monkeypatch, shell) == [("plain", "~grid.seed")]
    assert answers("relaxgap run data=file data.path=x", monkeypatch, shell)[0][0] == "file"
    assert answers("relaxgap predict x", monkeypatch, shell)[0][0] == "file"
    assert answers("relaxgap run --config-dir ", monkeypatch, shell)[0][0] == "dir"


def test_options_of_a_folder_of_the_users_are_completed(words, tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults: [/schema: exact_optimum, /data: digits]\n"
        "name: exact_optimum\ngrid: {own_axis: [1]}\n"
    )
    (tmp_path / "experiment" / "broken.yaml").write_text("[")
    begun = f"relaxgap run --config-dir {tmp_path}"
    assert words(f"{begun} experiment=mi") == ["experiment=mine"]
    assert words(f"{begun} experiment=mine grid.") == ["grid.own_axis="]
    assert words(f"{begun} experiment=mine data.class_a") == ["data.class_a="]
    assert words(f"{begun} experiment=mine patterns.") == ["patterns.limit="]
    assert words(f"{begun} experiment=broken sc") == ["scale="]


@pytest.mark.slow
def test_the_table_of_words_is_that_of_the_commands_and_the_settings() -> None:
    assert TABLE.read_text(encoding="utf-8") == text(made()), "run: make completion"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gap_vs_log_n", "real_tables", "staircase", "gpu_kernels"])
def test_the_keys_completed_are_those_that_a_run_takes(name: str) -> None:
    chosen = [f"experiment={name}"]
    source = ConfigSource()
    checked_overrides(chosen, source)
    config = checked(source.compose(chosen).config)
    config["grid"] = dict.fromkeys(config["grid"])  # what an axis holds is no key
    expected = {*known_keys(config)} - {"name", "data.kind"}
    assert {*_completed("", chosen)} == expected


def _completed(begun: str, chosen: list[str]) -> list[str]:
    """Follow every word that goes on to its end; sections count too."""
    keys = []
    for answer in override_answers(chosen, begun, None):
        if answer.word.endswith("."):
            keys += [answer.word[:-1], *_completed(answer.word, chosen)]
        elif not answer.help.startswith("now "):
            keys.append(answer.word.removesuffix("="))
    return keys


@pytest.mark.parametrize("line", ["relaxgap solve --be", "relaxgap run training.methods."])
def test_no_command_and_nothing_heavy_is_imported_to_complete(line: str) -> None:
    called = "import sys; sys.argv[0] = 'relaxgap'; from relaxgap.cli.start import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", called],
        env=os.environ | {COMPLETING: "bash_complete", "COMP_WORDS": line},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2
    loaded = {row.rpartition("|")[2].strip() for row in done.stderr.splitlines()}
    assert "relaxgap.cli.completing.commands" in loaded
    assert not {"numpy", "hydra", "omegaconf", "importlib.metadata"} & loaded
    assert not {"relaxgap.cli.solve", "relaxgap.cli.run", "relaxgap.experiments.registry"} & loaded


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script_of_a_shell(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"{COMPLETING}={shell}_complete" in done.stdout
    assert "%(" not in done.stdout


def environment(**settings: str) -> dict[str, str]:
    """Return an environment in which the shell finds this relaxgap and no settings of a user's."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    plain = {"TERM": "dumb", "PS1": "", "INPUTRC": os.devnull, "PATH": path}
    return os.environ | plain | settings


class Terminal:
    """An interactive shell; its own printing of the line being edited is what is read."""

    def __init__(self, *command: str, **settings: str) -> None:
        self.end, end = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=end, stdout=end, stderr=end, env=environment(**settings), start_new_session=True,
        )  # fmt: skip
        os.close(end)
        self.guard = threading.Timer(HANG_SECONDS, self.process.kill)
        self.guard.daemon = True
        self.guard.start()
        self.said = ""

    def read_to(self, pattern: str) -> re.Match[str]:
        while not (found := re.search(pattern, self.said)):
            self.said += os.read(self.end, 4096).decode()
        self.said = self.said[found.end() :]
        return found

    def completed(self, line: str) -> str:
        """Type a line, the tab key, and a key that prints the line and empties it."""
        os.write(self.end, f"{line}\t\x07".encode())
        return self.read_to(r"LINE<(.*?)>")[1]

    def close(self) -> None:
        self.guard.cancel()
        self.process.kill()
        self.process.wait()
        os.close(self.end)


@pytest.fixture
def begun(tmp_path: Path) -> str:
    """Return the begin of a path that one file has."""
    (tmp_path / "houses.csv").touch()
    return f"{tmp_path}/hou"


def completes(terminal: Terminal, begun: str) -> None:
    """Assert what a line becomes, whatever the shell."""
    try:
        terminal.read_to("READY")
        assert terminal.completed("relaxgap so") == "relaxgap solve "
        assert terminal.completed("relaxgap run experiment=cone").endswith("=cone_sharpness ")
        assert terminal.completed("relaxgap run training.meth").endswith(" training.methods.")
        assert terminal.completed("relaxgap run sca").endswith(" scale=")
        assert terminal.completed("relaxgap solve --loss=hi").endswith(" --loss=hinge ")
        assert (
            terminal.completed(f"relaxgap predict {begun}") == f"relaxgap predict {begun}ses.csv "
        )
    finally:
        terminal.close()


def in_a_shell(shell: str) -> pytest.MarkDecorator:
    """Mark a test of a real shell, which has to find the command."""
    there = shutil.which(shell) and (Path(sys.executable).parent / "relaxgap").exists()
    return pytest.mark.skipif(not there, reason=f"needs {shell}, and relaxgap installed")


@pytest.mark.slow
@in_a_shell("bash")
def test_a_real_bash_completes_at_the_tab_key(tmp_path: Path, begun: str) -> None:
    rc = tmp_path / "rc"
    shown = r"""bind -x '"\C-g": printf "LINE<%s>\n" "$READLINE_LINE"; READLINE_LINE=""'"""
    rc.write_text(f"{script('bash')}\n{shown}\necho REA''DY\n")
    completes(Terminal("bash", "--noprofile", "--rcfile", str(rc), "-i"), begun)


@pytest.mark.slow
@in_a_shell("zsh")
def test_a_real_zsh_completes_at_the_tab_key(tmp_path: Path, begun: str) -> None:
    shown = 'shown() { print -r -- "LINE<$BUFFER>"; BUFFER= }; zle -N shown; bindkey "^G" shown'
    ready = "zle-line-init() { print REA''DY; zle -D zle-line-init }; zle -N zle-line-init"
    (tmp_path / ".zshrc").write_text(
        "autoload -Uz compinit; compinit -u -D; bindkey -e; unsetopt list_ambiguous\n"
        f"{script('zsh')}\n{shown}\n{ready}\n"
    )
    completes(Terminal("zsh", "-d", "-i", ZDOTDIR=str(tmp_path)), begun)


@pytest.mark.slow
@in_a_shell("fish")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("relaxgap so", ["solve"]),
        ("relaxgap run experiment=cone", ["experiment=cone_sharpness"]),
        ("relaxgap run training.meth", ["training.methods."]),
        ("relaxgap solve --loss=hi", ["--loss=hinge"]),
        ("relaxgap predict {begun}", ["{begun}ses.csv"]),
    ],
)
def test_a_real_fish_lists_what_the_line_may_become(
    tmp_path: Path, begun: str, line: str, expected: list[str]
) -> None:
    path = tmp_path / "relaxgap.fish"
    path.write_text(script("fish"))
    answer = f"source {path}; complete --do-complete $argv[1]"
    done = subprocess.run(
        ["fish", "--no-config", "-c", answer, line.format(begun=begun)],
        env=environment(HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_SECONDS,
    )
    words = [row.partition("\t")[0] for row in done.stdout.splitlines()]
    assert words == [each.format(begun=begun) for each in expected]
