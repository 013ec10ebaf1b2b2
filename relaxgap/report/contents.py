"""What a page of results is made from: everything that a folder holds, read once."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from relaxgap.claims.claim import Claim, Outcome
from relaxgap.claims.judging import Judgement, judged
from relaxgap.claims.registry import CLAIMS
from relaxgap.drawing.stored import STATISTICS, SUMMARY
from relaxgap.drawing.style import figure_style
from relaxgap.drawing.vector import (
    VectorFigure,
    logarithmic_axes,
    put_on_linear_scale,
    vector_figure,
)
from relaxgap.errors import DataError
from relaxgap.experiments.experiment import Experiment
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.figures import figures_of, stored

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """Hold one summary of an experiment and what is made of it.

    Parameters
    ----------
    experiment : Experiment
        What it says of itself.
    variant : str
        Name of the folder of a run with other settings, as ``scale=ci``; "" for its own.
    number : int
        Of the variant; in ids, which a name with other characters cannot be.
    summary, table : DataFrame
        Its rows, and the table that a run prints.
    files : mapping of str to str
        The text of its CSV, by their names.
    manifest : mapping
        What made it; empty if that is not known.
    figures : mapping of str to VectorFigure
        By the name of their files.
    linear : mapping of str to VectorFigure
        The same with linear y-axes, of those that have logarithmic ones.
    """

    experiment: Experiment
    variant: str
    number: int
    summary: pd.DataFrame
    table: pd.DataFrame
    files: Mapping[str, str]
    manifest: Mapping[str, Any]
    figures: Mapping[str, VectorFigure]
    linear: Mapping[str, VectorFigure]

    @property
    def id(self) -> str:
        """Where it is on the page."""
        name = self.experiment.name
        return f"{name}-{self.number}" if self.number else name


@dataclass(frozen=True, slots=True)
class Missing:
    """Hold an experiment that has no results, or has some that cannot be read, and why."""

    experiment: Experiment
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Hold all that is on the page."""

    sections: tuple[Section, ...]
    missing: tuple[Missing, ...]
    claims: tuple[tuple[Claim, Judgement], ...] = field(default=())


def summaries(results: Path, name: str) -> list[Path]:
    """Return the folders with a summary of an experiment, that of its own settings first."""
    home = results / name
    found = [*sorted(home.glob(SUMMARY)), *sorted(home.glob(f"*/{SUMMARY}"))]
    return [path.parent for path in found]


def read_contents(
    results: Path, names: Sequence[str], done: Callable[[str], None] = lambda name: None
) -> Contents:
    """Read the results of experiments, draw their figures and judge the claims they are of.

    Parameters
    ----------
    results : Path
        The folder that ``relaxgap run`` writes to.
    names : sequence of str
        Names of experiments. Claims that no experiment tests are judged if these are all.
    done : callable
        Called with the name of each experiment once it is read.

    Raises
    ------
    StorageError
        If statistics are to be written, and the disk is full or the folder cannot be written.
    """
    sections: list[Section] = []
    missing: list[Missing] = []
    for name in names:
        experiment = EXPERIMENTS[name]
        folders = summaries(results, name)
        if results / name not in folders:
            missing.append(Missing(experiment))
        variants = 0
        for folder in folders:
            is_own = folder == results / name
            variants += not is_own
            try:
                sections.append(_section(experiment, folder, 0 if is_own else variants))
            except DataError as error:
                # where the folder is, is not of the results
                reason = str(error).removeprefix(f"{folder / SUMMARY}: ")
                missing.append(Missing(experiment, reason))
        done(name)
    unreadable = {item.experiment.name for item in missing if item.reason}
    claims = tuple(
        (claim, _judged(claim, results, unreadable))
        for claim in CLAIMS.values()
        if claim.experiment in names or (not claim.experiment and len(names) == len(EXPERIMENTS))
    )
    return Contents(tuple(sections), tuple(missing), claims)


def _section(experiment: Experiment, folder: Path, number: int) -> Section:
    name = experiment.name
    summary, statistics = stored(name, folder)
    identity = f"{number}-" if number else ""
    figures: dict[str, VectorFigure] = {}
    linear: dict[str, VectorFigure] = {}
    with figure_style():
        for file, draw in figures_of(name).items():
            figure = draw(summary, statistics)
            is_logarithmic = bool(logarithmic_axes(figure))
            figures[file] = vector_figure(figure, f"{identity}{file}")
            if is_logarithmic:
                again = draw(summary, statistics)
                put_on_linear_scale(again)
                linear[file] = vector_figure(again, f"{identity}{file}-linear")
    has_statistics = len(statistics.columns) > 0
    return Section(
        experiment,
        variant=folder.name if number else "",
        number=number,
        summary=summary,
        table=experiment.figure.table(summary, statistics),
        files={
            file: (folder / file).read_text(encoding="utf-8")
            for file in (SUMMARY, *([STATISTICS] if has_statistics else []))
        },
        manifest=_manifest(folder / MANIFEST),
        figures=figures,
        linear=linear,
    )


def _manifest(path: Path) -> Mapping[str, Any]:
    """Return a manifest; nothing if there is none: the numbers are there without it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _judged(claim: Claim, results: Path, unreadable: set[str]) -> Judgement:
    if claim.experiment in unreadable:
        reason = "its results cannot be read"
        return Judgement(claim.name, claim.source, claim.experiment, Outcome.NOT_RUN, 0, reason, "")
    return judged(claim, "default", results)
