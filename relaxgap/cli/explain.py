"""``relaxgap explain``."""

import click

from relaxgap.claims.registry import CLAIMS
from relaxgap.errors import ConfigurationError
from relaxgap.runner.nearest import unknown


@click.command("explain")
@click.argument("name", metavar="CLAIM", required=False)
def explain_command(name: str | None) -> None:
    """Say what a claim states, under which hypotheses, and where it is computed and drawn.

    Without CLAIM all are listed.
    """
    if name is None:
        width = max(map(len, CLAIMS))
        for claim in CLAIMS.values():
            click.echo(f"{claim.name:{width}s}  {claim.statement}")
        return
    if name not in CLAIMS:
        raise ConfigurationError(unknown("claim", name, CLAIMS, "`relaxgap explain` lists them."))
    claim = CLAIMS[name]
    lines = [
        f"{claim.name}: {claim.statement}",
        f"  {claim.formula}",
        f"source      {claim.source}",
        f"kind        {claim.kind}",
        *(f"assumes     {item}" for item in claim.hypotheses),
        f"code        {claim.code}",
    ]
    if claim.experiment:
        figure = f"results/{claim.experiment}/{claim.experiment}.png"
        lines.append(f"judged by   relaxgap run experiment={claim.experiment}, {figure}")
    if claim.evaluate:
        lines.append(f"on data     relaxgap verify {claim.name} --data DATA")
    click.echo("\n".join(lines))
