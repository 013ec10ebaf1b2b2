"""``relaxgap patterns``."""

import json

import click

from relaxgap.cli.data_argument import DATA_HELP, load_data
from relaxgap.patterns import enumerate_patterns, predicted_count


@click.command("patterns", epilog=DATA_HELP)
@click.argument("data")
@click.option("--target", default="y", show_default=True, help="Name of the labels in a file.")
@click.option(
    "--limit",
    default=2_000_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Refuse an arrangement that may hold more patterns.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def patterns_command(data: str, target: str, limit: int, seed: int, as_json: bool) -> None:
    """Count the activation patterns (open cells of the arrangement) of DATA."""
    dataset = load_data(data, target, seed)
    predicted = predicted_count(dataset.X)
    found = enumerate_patterns(dataset.X, limit=limit)
    row = {
        "n": dataset.n,
        "d": dataset.d,
        "rank": predicted.rank,
        "n_patterns": found.n_patterns,
        "cover_count": predicted.bound,
        "complete": found.complete,
    }
    if as_json:
        click.echo(json.dumps(row))
    else:
        click.echo("\n".join(f"{name:12s} {value}" for name, value in row.items()))
