"""``relaxgap patterns``."""

import json

import click

from relaxgap.cli.data_argument import DATA_HELP, load_data, takes_columns, takes_data, takes_limit
from relaxgap.errors import EnumerationLimitError
from relaxgap.patterns import enumerate_patterns, predicted_count
from relaxgap.patterns.counting import written_count


@click.command("patterns", epilog=DATA_HELP)
@takes_data
@takes_columns
@takes_limit
def patterns_command(
    data: str,
    target: str,
    drop: tuple[str, ...],
    one_hot: tuple[str, ...],
    limit: int,
    seed: int,
    as_json: bool,
) -> None:
    """Count the activation patterns (open cells of the arrangement) of DATA.

    cover_count is Cover's: no data of this size and rank have more patterns, and data in general
    position have as many. Above --limit it is all that is printed, with exit code 1.
    """
    dataset = load_data(data, target, seed, drop, one_hot)
    predicted = predicted_count(dataset.X)
    row = {
        "n": dataset.n,
        "d": dataset.d,
        "rank": predicted.rank,
        "n_patterns": None,
        "cover_count": written_count(predicted.cover_count),
        "complete": False,
    }
    refusal = None
    try:
        found = enumerate_patterns(dataset.X, limit=limit)
        row |= {"n_patterns": found.n_patterns, "complete": found.complete}
    except EnumerationLimitError as error:
        refusal = error
    lines = [f"{name:12s} {value}" for name, value in row.items()]
    click.echo(json.dumps(row) if as_json else "\n".join(lines))
    if refusal:
        raise refusal
