"""``relaxgap list``."""

import json

import click

from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.config_files import first_comment, option_names
from relaxgap.solvers.registry import SOLVERS


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def list_command(as_json: bool) -> None:
    """List experiments, solvers and data sets."""
    experiments = {name: experiment.shows for name, experiment in EXPERIMENTS.items()}
    solvers = {name: entry.state for name, entry in SOLVERS.items()}
    data = {name: first_comment("data", name) for name in option_names("data")}
    sections = {"experiments": experiments, "solvers": solvers, "data": data}
    if as_json:
        click.echo(json.dumps(sections, indent=2))
        return
    width = max(len(name) for rows in sections.values() for name in rows)
    for title, rows in sections.items():
        click.echo(title)
        for name, shows in rows.items():
            click.echo(f"  {name:{width}s}  {shows}")
