"""The text of README.md and results/README.md, and numbers as they are written there."""

import re
from pathlib import Path

import pandas as pd

from relaxgap.drawing.stored import read_summary
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.summary import summary_columns

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def section(name: str) -> str:
    """Return the part of results/README.md on an experiment, every blank one space."""
    text = (RESULTS / "README.md").read_text(encoding="utf-8")
    parts = re.split(r"^#{2,3} ", text, flags=re.MULTILINE)
    (part,) = [part for part in parts if re.match(rf"{name}\b", part)]
    return " ".join(part.split())


def readme() -> str:
    return " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def summary(name: str) -> pd.DataFrame:
    return read_summary(RESULTS / name, summary_columns(EXPERIMENTS[name]))


def statistics(name: str) -> pd.DataFrame:
    return pd.read_csv(RESULTS / name / "statistics.csv", keep_default_na=False, na_values=[""])


def assert_says(text: str, *phrases: str) -> None:
    """Assert that the text holds each phrase word by word."""
    missing = [phrase for phrase in phrases if " ".join(phrase.split()) not in text]
    assert not missing, "\n".join(missing)


def row(*cells: object) -> str:
    """Return a row of a table of Markdown."""
    return f"| {' | '.join(map(str, cells))} |"


def significant(value: float, digits: int) -> str:
    """Write a number with so many significant digits, without an exponent."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:.{max(0, digits - 1 - exponent_of(rounded))}f}"


def exponent_of(value: float) -> int:
    return int(f"{value:e}".partition("e")[2]) if value else 0


def power(value: float) -> str:
    """Write a number with one digit and a power of ten, as in 3·10⁻⁷."""
    digit, _, exponent = f"{value:.0e}".partition("e")
    ten = f"10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return ten if digit == "1" else f"{digit}·{ten}"


def percent(fraction: float, digits: int = 0) -> str:
    """Write a fraction in percent, without the sign of it."""
    return f"{100.0 * fraction:.{digits}f}"


def listed(words: list[str]) -> str:
    """Join words as a sentence does."""
    return f"{', '.join(words[:-1])} and {words[-1]}"
