"""``relaxgap report``."""

import json
import sys
from pathlib import Path

import click

from relaxgap.cli.output_files import refuse_unwritable, write_bytes
from relaxgap.cli.shown_text import error_line, printable
from relaxgap.errors import ConfigurationError, DataError
from relaxgap.experiments.registry import EXPERIMENTS
from relaxgap.runner.nearest import unknown

PAGE = "report.html"
FAILED = 1


@click.command("report")
@click.argument("results", default="results", metavar="[RESULTS_FOLDER]")
@click.option("--out", type=click.Path(path_type=Path), help=f"Default: {PAGE} in the folder.")
@click.option("--experiment", "names", multiple=True, help="Only this one; may be given again.")
@click.option("--force", is_flag=True, help="Write over a file that is no report.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def report_command(
    results: str, out: Path | None, names: tuple[str, ...], force: bool, as_json: bool
) -> None:
    """Write one HTML page over a folder of results: claims, figures, brackets and data.

    The page loads nothing from elsewhere. Its figures are drawn from each summary.csv, and its
    verdicts are those of `relaxgap verify`. What is missing is listed with the command that makes
    it. Exit code 1: a summary could not be read, which the page says too.
    """
    for name in names:
        if name not in EXPERIMENTS:
            raise ConfigurationError(
                unknown("experiment", name, EXPERIMENTS, "`relaxgap list` shows them all.")
            )
    folder = Path(results)
    if not folder.is_dir():
        raise DataError(
            f"Expected a folder of results, got {printable(results)!r}; make one with "
            "`relaxgap run`, or name another."
        )
    target = folder / PAGE if out is None else out
    refuse_unwritable(target, "--out", ".html")
    # drawing takes a while to import
    from relaxgap.cli.progress import counted
    from relaxgap.report import is_report, read_contents, report_page

    if target.is_file() and not force and not is_report(target):
        raise ConfigurationError(
            f"Expected --out to be a new file or a report, got {printable(str(target))!r}, which "
            "is neither; choose another, or write over it with --force."
        )
    chosen = [name for name in EXPERIMENTS if not names or name in names]
    with counted("report", len(chosen)) as done:
        contents = read_contents(folder, chosen, done)
    unreadable = [item for item in contents.missing if item.reason]
    if not contents.sections:
        raise DataError(
            f"Expected results under {printable(results)!r}, got no summary.csv that can be read; "
            "make them with `relaxgap run experiment=NAME`."
        )
    page = report_page(contents).encode("utf-8")
    write_bytes(target, "--out", page)
    for item in unreadable:
        said = error_line(f"{item.experiment.name}: {item.reason}")
        click.echo(f"relaxgap: {said}", err=True)
    missing = [item.experiment.name for item in contents.missing]
    if as_json:
        found = {
            "report": str(target),
            "bytes": len(page),
            "experiments": [section.id for section in contents.sections],
            "missing": missing,
            "claims": {claim.name: row.outcome for claim, row in contents.claims},
        }
        click.echo(json.dumps(found))
    else:
        click.echo(printable(str(target)))
        if missing:
            click.echo(
                f"relaxgap: {len(missing)} of {len(chosen)} experiments have no results of their "
                "own settings; the page lists them.",
                err=True,
            )
    sys.exit(FAILED if unreadable else 0)
