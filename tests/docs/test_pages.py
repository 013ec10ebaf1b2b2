"""What the pages under docs/ show is what is printed, and a number in a sentence stands there."""

import doctest
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from relaxgap.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES = 120
"""A page is read in one sitting."""
CHECKER = doctest.OutputChecker()
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
"""A column of a table is as wide as the times in it."""


@dataclass
class Shell:
    """Run what a reader types, as far as the pages need a shell; each sees the files before."""

    folder: Path
    code: int = 0

    def answer(self, command: str) -> str:
        name, *arguments = shlex.split(command)
        if command == "echo $?":
            return f"{self.code}\n"
        if name == "cat":
            return (self.folder / arguments[0]).read_text()
        if name == "head":
            lines = (self.folder / arguments[2]).read_text().splitlines(keepends=True)
            return "".join(lines[: int(arguments[1])])
        assert name == "relaxgap", command
        result = CliRunner().invoke(main, arguments, prog_name=name, catch_exceptions=False)
        self.code = result.exit_code
        # a terminal shows messages below what is printed; progress is wiped out
        said = [line for line in result.stderr.splitlines() if line.startswith("relaxgap: ")]
        return result.stdout + "".join(f"{line}\n" for line in said)


def commands_of(block: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console and what is shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.replace("\\\n", " ").partition("\n")
        yield command, shown


def assert_shown(command: str, shown: str, printed: str) -> None:
    # a line of dots stands for any number of lines, none included
    wanted = re.sub(r"^\.\.\.\n", "...", shown, flags=re.MULTILINE)
    right = CHECKER.check_output(wanted, printed, FLAGS)
    assert right, f"$ {command}\n{printed}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_is_what_is_printed(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (DOCS / "examples").rglob("*.*"):
        to = tmp_path / path.relative_to(DOCS / "examples")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    shell, session = Shell(tmp_path), doctest.DocTestRunner(CHECKER, optionflags=FLAGS)
    names: dict[str, object] = {}
    for language, block in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "console":
            for command, shown in commands_of(block):
                assert_shown(command, shown, shell.answer(command))
        elif ">>>" in block:
            test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), 0)
            session.run(test, clear_globs=False)
            names = test.globs
    assert session.summarize().failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_short(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").splitlines()) < LINES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_number_in_a_sentence_is_one_that_the_page_shows(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = "\n".join(block for _, block in FENCE.findall(text))
    prose = re.sub(r"`[^`]*`", "", FENCE.sub("", text))
    numbers = re.findall(r"\d+(?:\.\d+)?%|\d+\.\d+", prose)
    missing = [number for number in numbers if number not in shown]
    assert not missing


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_a_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    here = [link for link in links if "://" not in link]
    assert [link for link in here if not (page.parent / link).exists()] == []


def test_every_example_that_a_page_includes_is_there() -> None:
    for page in PAGES:
        for path in re.findall(r'^--8<-- "(.*)"$', page.read_text(encoding="utf-8"), re.MULTILINE):
            assert (ROOT / path).is_file()


def test_every_page_is_in_the_table_of_the_first() -> None:
    first = (DOCS / "index.md").read_text(encoding="utf-8")
    assert all(f"({page.name})" in first for page in PAGES if page.name != "index.md")


def test_every_public_name_is_in_the_reference() -> None:
    import relaxgap
    import relaxgap.errors

    text = (DOCS / "api.md").read_text(encoding="utf-8")
    shown = {*re.findall(r"::: relaxgap\.(\w+)$", text, re.MULTILINE), *dir(relaxgap.errors)}
    assert {*relaxgap.__all__} - {"__version__"} <= shown
