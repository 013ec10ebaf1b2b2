"""The page of ``relaxgap certify --out``: one HTML file that loads nothing and runs nothing."""

from dataclasses import asdict
from html import escape

import pandas as pd

from relaxgap.analysis.certified_network import NetworkReport
from relaxgap.analysis.network_record import MEANINGS
from relaxgap.cli.shown_text import printable
from relaxgap.drawing.bracket import bracket_svg
from relaxgap.version import __version__

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
.verdict { font-size: 1.15rem; font-weight: 600; border-left: 4px solid #0072b2;
  padding: .4rem .9rem; background: #f2f7fb; }
figure { margin: 1.5rem 0; } figure svg { width: 100%; height: auto; }
figcaption, footer { color: #555; font-size: .9rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
  border-bottom: 1px solid #ddd; }
tr { break-inside: avoid; }
th { white-space: nowrap; font-weight: 600; } td.value { font-variant-numeric: tabular-nums; }
""".strip()


def report_page(network: str, data: str, report: NetworkReport) -> str:
    """Return the page: the verdict, the bracket over time, and every number with its meaning.

    Parameters
    ----------
    network, data : str
        How the user named them; any text.
    report : NetworkReport
        The numbers and the brackets on the way.
    """
    frame = pd.DataFrame(report.history)
    frame["upper_bound"] = frame["upper_bound"].clip(upper=report.network_value)
    frame["lower_bound"] = frame["lower_bound"].clip(upper=report.network_value)
    said = "\n".join(f"<p>{escape(printable(sentence))}</p>" for sentence in report.remarks)
    rows = "\n".join(
        f'<tr><th scope="row">{name}</th><td class="value">{escape(_shown(value))}</td>'
        f"<td>{escape(MEANINGS[name])}</td></tr>"
        for name, value in asdict(report.record).items()
    )
    names = [escape(printable(name)) for name in (network, data)]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Certificate of {names[0]} on {names[1]}</title>
<style>
{_STYLE}
</style>
</head>
<body>
<h1>Certificate of <bdi>{names[0]}</bdi> on <bdi>{names[1]}</bdi></h1>
<p class="verdict">{escape(printable(report.verdict))}</p>
{said}
<figure role="img" aria-label="Lower and upper bound of the best training loss against time">
{bracket_svg(frame, report.network_value)}
<figcaption>The best training loss of any width lies between the two lines, at every moment of the
computation. Dashed: the training loss of this network.</figcaption>
</figure>
<table>
<thead><tr><th scope="col">number</th><th scope="col">value</th>
<th scope="col">meaning</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<footer><p>relaxgap {escape(__version__)}</p></footer>
</body>
</html>
"""


def _shown(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.9g}"
        case _:
            return printable(str(value))
