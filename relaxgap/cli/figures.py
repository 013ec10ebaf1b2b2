"""``relaxgap figures``."""

import difflib
import sys
from pathlib import Path

import click

from relaxgap.cli.shown_text import printable
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.figures import draw_summary


@click.command("figures")
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...")
@click.option("--finish", is_flag=True, help="Run missing cells first.")
@click.option("--results-dir", default="results", show_default=True)
def figures_command(experiments: tuple[str, ...], finish: bool, results_dir: str) -> None:
    """Redraw figures from the stored CSV; all experiments unless some are named."""
    for name in experiments:
        if name not in EXPERIMENTS:
            near = difflib.get_close_matches(name, EXPERIMENTS, n=1)
            guess = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigurationError(
                f"Expected a known experiment, got {name!r}; {guess}`relaxgap list` shows them all."
            )
    results = Path(results_dir)
    if not (experiments or finish or any(_summaries(results / name) for name in EXPERIMENTS)):
        raise DataError(
            f"Expected results under {printable(results_dir)}, got no summary.csv; make them with "
            "`relaxgap run experiment=NAME`, or all with --finish."
        )
    codes = [0]
    for name in experiments or EXPERIMENTS:
        if finish:
            codes.append(_finish(name, results_dir))
        home = results / name
        summaries = _summaries(home)
        if not summaries:
            click.echo(
                f"relaxgap: {name} has no summary.csv under {printable(str(home))}; "
                f"run: relaxgap run experiment={name}",
                err=True,
            )
            codes.append(1)
        for summary in summaries:
            for path in draw_summary(name, summary.parent):
                click.echo(printable(str(path)))
    sys.exit(max(codes))


def _summaries(home: Path) -> list[Path]:
    """Return the summaries of an experiment, that of its own settings first."""
    return sorted(home.glob("summary.csv")) + sorted(home.glob("*/summary.csv"))


def _finish(name: str, results_dir: str) -> int:
    # drawing alone does not need Hydra
    from relaxgap.cli.run import run_jobs

    return run_jobs([f"experiment={name}", f"runner.results_dir={results_dir}"])
