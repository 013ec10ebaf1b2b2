"""The conic references by name, and how to get each; imported before any of them is."""

from collections.abc import Mapping

INSTALL: Mapping[str, str] = {
    "clarabel": "pip install clarabel",
    "ecos": "pip install ecos (GPLv3, Python below 3.13)",
    "scs": "pip install scs",
}
REFERENCES = tuple(INSTALL)
