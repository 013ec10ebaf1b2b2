"""``relaxgap path``."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click

from relaxgap.analysis.regularisation_path import path
from relaxgap.analysis.solved_path import PathPoint, RegularisationPath
from relaxgap.cli.accuracy import exit_if_any_missed
from relaxgap.cli.data_argument import (
    DATA_HELP,
    load_labelled,
    takes_columns,
    takes_data,
    takes_limit,
    takes_loss,
)
from relaxgap.cli.held_out_rows import parted, takes_held_out
from relaxgap.cli.interruption import InterruptedRunError
from relaxgap.cli.option_words import options_named
from relaxgap.cli.program_options import takes_biases, takes_program_of_one_output
from relaxgap.cli.progress import path_bar
from relaxgap.cli.remarks import in_options, say
from relaxgap.cli.shown_text import printable
from relaxgap.data.columns import Columns
from relaxgap.errors import ConfigurationError, StorageError
from relaxgap.numerics.backend import Backend, BackendName, DtypeName
from relaxgap.numerics.writing import write_text
from relaxgap.runner.interrupts import held
from relaxgap.solvers.base import Status


@click.command("path", epilog=DATA_HELP)
@takes_data
@takes_loss
@takes_columns
@takes_limit
@takes_program_of_one_output
@takes_biases
@takes_held_out
@click.option(
    "--points",
    type=int,
    default=30,
    show_default=True,
    help="Strengths to solve for, on a geometric grid; at least 2.",
)
@click.option(
    "--smallest-fraction",
    type=float,
    default=1e-3,
    show_default=True,
    help="Where the grid ends, as a fraction of beta_max, from 1e-12; it starts at beta_max.",
)
@click.option(
    "--time-limit",
    type=float,
    help="Seconds; looked at between pieces of work. Default: none.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    help="Existing folder for path.csv, path.png and path.pdf; with held-out rows also for "
    "best.npz, the network of least error on them.",
)
def path_command(
    data: str,
    target: str,
    seed: int,
    drop: tuple[str, ...],
    one_hot: tuple[str, ...],
    backend: BackendName,
    device: str,
    dtype: DtypeName,
    test_fraction: float | None,
    test_file: str | None,
    points: int,
    out: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Solve DATA along the regularisation path, from beta_max down, with a proof at each point.

    beta_max is the least strength at which the zero network is optimal; every later point starts
    from the last one. The optimum lies between dual_value and primal_value, which is loss + beta *
    penalty: loss is 1/2 |fit - y|^2 or that of --loss, penalty the sum of the norms of the blocks.
    Over all patterns (complete = true) and with cones it is the global optimum of two-layer ReLU
    training.
    active_blocks is of the point found; others of the same value may have more or fewer. With
    --test-fraction or --test, test_error is the mean squared error on the held-out rows, or of
    classes the mean logistic loss, or with --loss hinge the part that is classified wrong.

    Where --time-limit runs out the points so far are printed and written, without the one that was
    being solved, with exit code 0; after Ctrl-C or an error too, with exit code 1; where a gap is
    wider than --rtol, all points, with exit code 4.
    """
    if out is not None and not out.is_dir():
        raise ConfigurationError(
            f"Expected --out to be an existing folder, got {out}; create it first."
        )
    chosen |= {"seed": seed, "points": points, "backend": Backend(backend, device, dtype)}
    X, y, columns = load_labelled(data, target, seed, chosen["loss"], drop, one_hot)
    with options_named():
        X, y, test = parted(X, y, columns, test_fraction, test_file, seed)
    chosen["test"] = None if test is None else (test.X, test.labels)
    rows: list[PathPoint] = []
    if out is not None:
        # an interruption within a first import would leave half of it to what is written after
        import pandas as pd  # noqa: F401

        import relaxgap.drawing.regularisation_path  # noqa: F401
    with options_named(), path_bar(points) as advance:

        def keep(point: PathPoint) -> None:
            rows.append(point)
            if out is not None:
                # a disk that refuses it is said once all is printed
                with suppress(StorageError):
                    _write_csv(out, rows)
            advance(point)

        followed = path(X, y, on_progress=keep, **chosen)
    say(followed.remarks)
    with held():
        _show(followed, columns, out, as_json)
    if followed.stopped == Status.TIME_LIMIT:
        click.echo(f"relaxgap: {followed.ran_out}", err=True)
    elif followed.stopped:
        raise InterruptedRunError(
            f"{followed.stopped} after {len(followed.rows)} of {points} points; what is finished "
            "is kept."
        )
    gaps = [row.relative_gap for row in followed.rows]
    exit_if_any_missed(gaps, followed.rtol, followed.n_missed)


BEST_NAME = "best.npz"
_LEFT_OUT = {"rows", "stopped", "networks", "tests", "remarks"}


def _show(
    followed: RegularisationPath, columns: Columns | None, out: Path | None, as_json: bool
) -> None:
    """Print what was found, then write and draw it."""
    if as_json:
        rows = [_row(row) for row in followed.rows]
        click.echo(
            json.dumps(
                _facts(followed) | {"remarks": [*map(in_options, followed.remarks)], "rows": rows}
            )
        )
    elif followed.rows:
        click.echo(_text(followed))
    elif followed.ran_out:
        click.echo(followed.ran_out)
    if out is not None and followed.rows:
        from relaxgap.drawing.regularisation_path import draw_path

        written = [_write_csv(out, followed.rows), *draw_path(out)]
        if followed.best is not None:
            network = followed.networks[followed.best].of_columns(columns)
            written.append(network.save(out / BEST_NAME))
        if not as_json:
            click.echo("\n".join(["", "written:", *(printable(f"  {file}") for file in written)]))


def _facts(followed: RegularisationPath) -> dict[str, Any]:
    names = [field.name for field in fields(followed) if field.name not in _LEFT_OUT]
    facts = {name: getattr(followed, name) for name in names}
    best = followed.best
    if best is None:
        return facts
    row = followed.rows[best]
    chosen = {"best_beta": row.beta, "best_beta_fraction": row.beta_fraction}
    return facts | chosen | followed.tests[best].known


def _text(followed: RegularisationPath) -> str:
    found = _facts(followed)
    width = max(map(len, found))
    facts = [f"{name:{width}s} {value}" for name, value in found.items()]
    return "\n".join([_table(followed.rows), "", *facts, followed.sentence])


def _row(point: PathPoint) -> dict[str, Any]:
    row = asdict(point)
    if point.test_error is None:
        del row["test_error"]
    return row


def _write_csv(folder: Path, rows: Sequence[PathPoint]) -> Path:
    import pandas as pd

    from relaxgap.drawing.regularisation_path import CSV_NAME

    file = folder / CSV_NAME
    write_text(file, pd.DataFrame(map(_row, rows)).to_csv(index=False, lineterminator="\n"))
    return file


def _table(rows: Sequence[PathPoint]) -> str:
    import pandas as pd

    digits = {"primal_value": 9, "dual_value": 9, "relative_gap": 2}
    frame = pd.DataFrame(map(_row, rows))
    for name in frame.select_dtypes("float"):
        frame[name] = frame[name].map(f"{{:.{digits.get(str(name), 6)}g}}".format)
    return frame.to_string(index=False)
