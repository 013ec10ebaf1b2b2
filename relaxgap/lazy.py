"""Names of a package that are imported only when they are first asked for (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def importing(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package that finds each name in the module it lives in.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    homes : mapping of str to str
        Module of every name.
    """

    def attribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(
                f"Expected one of {', '.join(homes)} of {package}, got {name!r}; check the "
                "spelling."
            )
        found = getattr(import_module(homes[name]), name)
        # the next access finds it without coming here
        setattr(sys.modules[package], name, found)
        return found

    return attribute
