"""``relaxgap --version``: what a report of a number names, read without importing any of it."""

import platform
from importlib.metadata import PackageNotFoundError, version

from relaxgap.solvers.references import INSTALL

LIBRARIES = ("numpy", "scipy", "cvxpy")


def versions() -> str:
    """Say the versions of the package, of Python, of the libraries and of the conic solvers."""
    libraries = ", ".join(f"{name} {_found(name) or 'missing'}" for name in LIBRARIES)
    solvers = ", ".join(
        f"{name} {_found(name) or f'missing ({install})'}" for name, install in INSTALL.items()
    )
    return (
        f"relaxgap, version {version('relaxgap')}\n"
        f"Python {platform.python_version()}, {libraries}\n"
        f"conic solvers: {solvers}"
    )


def _found(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
