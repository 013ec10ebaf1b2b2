"""``relaxgap patterns``."""

import json

import click

from relaxgap.cli.data_argument import DATA_HELP, load_data, takes_data, takes_limit
from relaxgap.patterns import enumerate_patterns, predicted_count


@click.command("patterns", epilog=DATA_HELP)
@takes_data
@takes_limit
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
        "cover_count": predicted.cover_count,
        "complete": found.complete,
    }
    if as_json:
        click.echo(json.dumps(row))
    else:
        click.echo("\n".join(f"{name:12s} {value}" for name, value in row.items()))
