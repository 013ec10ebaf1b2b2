"""The table of claims as it is committed."""

from pathlib import Path

from relaxgap.claims.judging import claims_table, judged
from relaxgap.claims.registry import CLAIMS


def committed(results: str = "results") -> str:
    """Return the table of all claims, judged by the results of a folder, in Markdown."""
    return claims_table(judged(claim, "default", Path(results)) for claim in CLAIMS.values())
