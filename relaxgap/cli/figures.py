"""``relaxgap figures``."""

import sys
from pathlib import Path

import click

from relaxgap.cli.run import run_hydra
from relaxgap.errors import ConfigurationError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.figures import draw_summary
from relaxgap.runner.nearest import unknown


@click.command("figures")
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...")
@click.option("--finish", is_flag=True, help="Run missing cells first.")
@click.option("--results-dir", default="results", show_default=True)
def figures_command(experiments: tuple[str, ...], finish: bool, results_dir: str) -> None:
    """Redraw figures from the stored CSV; all experiments unless some are named."""
    for name in experiments:
        if name not in EXPERIMENTS:
            raise ConfigurationError(unknown("experiment", name, EXPERIMENTS))
    codes = [0]
    for name in experiments or EXPERIMENTS:
        if finish:
            codes.append(run_hydra([f"experiment={name}", f"runner.results_dir={results_dir}"]))
        home = Path(results_dir) / name
        summaries = sorted(home.glob("summary.csv")) + sorted(home.glob("*/summary.csv"))
        if not summaries:
            click.echo(
                f"relaxgap: {name} has no summary.csv under {home}; "
                f"run: relaxgap run experiment={name}",
                err=True,
            )
            codes.append(1)
        for summary in summaries:
            for path in draw_summary(name, summary.parent):
                click.echo(path)
    sys.exit(max(codes))
