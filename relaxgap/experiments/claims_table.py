"""The table of claims, made from what the experiments say of themselves."""

from collections.abc import Iterable

from relaxgap.experiments.experiment import Experiment

HEAD = ("| claim | experiment | command | figure |", "|---|---|---|---|")


def claims_table(experiments: Iterable[Experiment]) -> str:
    """Return a row of Markdown for each claim; command and figure follow from the name."""
    rows = [
        _row(claim, experiment.name) for experiment in experiments for claim in experiment.claims
    ]
    return "\n".join([*HEAD, *rows]) + "\n"


def _row(claim: str, name: str) -> str:
    figure = f"[figure](results/{name}/{name}.png)"
    return f"| {claim} | `{name}` | `relaxgap run experiment={name}` | {figure} |"
