"""The table of claims on a page, and the badge of a verdict."""

import re
from collections import Counter
from collections.abc import Sequence

from relaxgap.claims.claim import Claim, Outcome
from relaxgap.claims.judging import Judgement
from relaxgap.report.markup import Markup, element, joined
from relaxgap.report.tables import Cell, sortable

LOOKS = {
    Outcome.HOLDS: ("good", "✓"),
    Outcome.RATE: ("good", "✓"),
    Outcome.TREND: ("good", "✓"),
    Outcome.CORRECTED: ("fair", "△"),
    Outcome.CONTRADICTED: ("bad", "✗"),
    Outcome.NOT_RUN: ("none", "–"),
}
SIGNS = {
    r"(?<=[A-Za-z])~": "\u0303",
    # a hat has no exponent behind it
    r"(?<=[A-Za-z])\^(?![\w({-])": "\u0302",
    r"\bsqrt ?": "√",
    "->": "→",
    "<=": "≤",
    ">=": "≥",
}


def badge(outcome: str) -> Markup:
    """Return a verdict as a word with a sign and a colour, none of which stands alone."""
    look, sign = LOOKS[Outcome(outcome)]
    return element(
        "span", element("span", sign, aria_hidden="true"), f" {outcome}", class_=f"badge {look}"
    )


def readable(text: str) -> str:
    """Return what a claim says for a terminal with the signs that a page has.

    >>> readable("p~* <= C sqrt(log 2n), 0 < M^")
    'p̃* ≤ C √(log 2n), 0 < M̂'
    """
    for ascii_sign, sign in SIGNS.items():
        text = re.sub(ascii_sign, sign, text)
    return text


def claims_section(rows: Sequence[tuple[Claim, Judgement]], sections: frozenset[str]) -> Markup:
    """Return the table of claims.

    Parameters
    ----------
    rows : sequence of (Claim, Judgement)
        In the order of the papers.
    sections : frozenset of str
        Experiments that are on the page, which can be linked to.
    """
    counts = Counter(row.outcome for _, row in rows)
    said = (joined(badge(outcome), f" {counts[outcome]}") for outcome in LOOKS if counts[outcome])
    table = sortable(
        ("claim", "statement", "verdict", "instances", "numbers"),
        [_row(claim, row, sections) for claim, row in rows],
        "Claims and their verdicts, in the order of the papers.",
        "Claims",
    )
    return element(
        "section",
        element("h2", "Claims", id="claims-title"),
        element(
            "p",
            "Each numbered result is judged by the committed numbers: on every instance, by the "
            "limit of a failure rate where it holds with high probability, by a fit where it is "
            "about growth. Sides are certified ends, never estimates.",
        ),
        element("ul", *(element("li", each) for each in said), class_="tally"),
        table,
        id="claims",
        aria_labelledby="claims-title",
    )


def _row(claim: Claim, row: Judgement, sections: frozenset[str]) -> list[Cell]:
    tested: str = row.tested_by or "drawn instances"
    if row.tested_by in sections:
        tested = element("a", row.tested_by, href=f"#{row.tested_by}")
    name = joined(
        element("code", claim.name, id=f"claim-{claim.name}"),
        element("span", claim.source, class_="source"),
        element("span", "tested by ", tested, class_="source"),
    )
    said, formula = readable(claim.statement), readable(claim.formula)
    statement = joined(said, element("code", formula, class_="formula"))
    return [
        Cell(name, claim.name),
        Cell(statement, said),
        Cell(badge(row.outcome), row.outcome),
        Cell(f"{row.n_instances:,}", str(row.n_instances), numeric=True)
        if row.n_instances
        else Cell(""),
        Cell(readable(row.detail)),
    ]
