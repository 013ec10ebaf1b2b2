"""``relaxgap list``."""

import json

import click

from relaxgap.experiments.catalogue import EXPERIMENTS
from relaxgap.runner.config import config_dir, option_names
from relaxgap.solvers.registry import SOLVERS


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def list_command(as_json: bool) -> None:
    """List experiments, solvers and data sets."""
    experiments = {name: experiment.shows for name, experiment in EXPERIMENTS.items()}
    solvers = {name: entry.state for name, entry in SOLVERS.items()}
    data = {name: _first_comment("data", name) for name in option_names("data")}
    sections = {"experiments": experiments, "solvers": solvers, "data": data}
    if as_json:
        click.echo(json.dumps(sections, indent=2))
        return
    width = max(len(name) for rows in sections.values() for name in rows)
    for title, rows in sections.items():
        click.echo(title)
        for name, shows in rows.items():
            click.echo(f"  {name:{width}s}  {shows}")


def _first_comment(group: str, name: str) -> str:
    first = (config_dir() / group / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ")
