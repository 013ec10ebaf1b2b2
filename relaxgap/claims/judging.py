"""From the summary of an experiment to the verdict on a claim."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from relaxgap.claims.claim import Claim, Outcome
from relaxgap.claims.drawn import judged_on_drawn
from relaxgap.drawing.stored import read_summary
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.summary import summary_columns

EXPECTED_TO_FAIL = frozenset({"assumption_a2"})
"""Assumptions that are shown to fail: no reason for an exit code."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of the table of claims.

    Parameters
    ----------
    claim, source : str
        Its name and where it is stated.
    tested_by : str
        The experiment; empty where it has none, and instances are drawn.
    outcome : str
        A sentence of `Outcome`.
    n_instances : int
        How many were looked at.
    detail : str
        The numbers behind the outcome.
    figure : str
        Path of the figure, "" if there is none.
    """

    claim: str
    source: str
    tested_by: str
    outcome: str
    n_instances: int
    detail: str
    figure: str

    @property
    def is_broken(self) -> bool:
        """Whether a claim that should hold does not."""
        return self.outcome == Outcome.CONTRADICTED and self.claim not in EXPECTED_TO_FAIL


def summary_path(experiment: str, scale: str, results: Path) -> Path:
    """Return where the summary of an experiment at a scale is."""
    home = results / experiment
    return (home if scale == "default" else home / f"scale={scale}") / "summary.csv"


def judged(claim: Claim, scale: str, results: Path) -> Judgement:
    """Judge a claim by the results that there are."""
    if claim.check is None or not claim.experiment:
        found = judged_on_drawn(claim)
        return Judgement(
            claim.name, claim.source, "", found.outcome, found.n_instances, found.detail, ""
        )
    path = summary_path(claim.experiment, scale, results)
    if not path.is_file():
        how = f"relaxgap run experiment={claim.experiment}"
        how += "" if scale == "default" else f" scale={scale}"
        return Judgement(
            claim.name, claim.source, claim.experiment, Outcome.NOT_RUN, 0, f"no results: {how}", ""
        )
    columns = summary_columns(EXPERIMENTS[claim.experiment])
    verdict = claim.check(read_summary(path.parent, columns))
    return Judgement(
        claim.name,
        claim.source,
        claim.experiment,
        verdict.outcome,
        verdict.n_instances,
        verdict.detail,
        str(path.parent / f"{claim.experiment}.png"),
    )


def claims_table(rows: Iterable[Judgement]) -> str:
    """Return the table of claims in Markdown, with paths relative to the folder of results."""
    lines = ["| claim | source | verdict | instances | numbers |", "|---|---|---|---|---|"]
    for row in rows:
        name = f"`{row.claim}`"
        if row.tested_by:
            name = f"[{name}]({row.tested_by}/{row.tested_by}.png)"
        detail = row.detail.replace("|", "\\|")
        count = f"{row.n_instances:,}" if row.n_instances else ""
        lines.append(f"| {name} | {row.source} | {row.outcome} | {count} | {detail} |")
    return "\n".join(lines) + "\n"
