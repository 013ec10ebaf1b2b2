"""What every test run needs before anything else, also one that is started by hand."""

import gc
import os

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# Each process of the suite is one of as many as there are cores. Libraries and children read the
# variables as they start; a plugin may have loaded NumPy before.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
threadpool_limits(1)
# the workers and the children of tests would compile everything anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("gate", derandomize=True, database=None, deadline=None, max_examples=50)
# `make explore` draws new examples and remembers those that failed
settings.register_profile("explore", deadline=None)
settings.load_profile("gate")


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose figures but put none on paper, which takes most of the time of a quick run.

    How they look, and that all that is committed can be rendered, has tests of its own.
    """
    monkeypatch.setattr("relaxgap.drawing.style.rendered", lambda figure: (b"PNG", b"PDF"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the way to run each test function on one of its cases."""
    parser.addoption("--once", action="store_true", help="run the first case of each test only")


def pytest_collection_finish() -> None:
    """Let the collector leave alone what was imported: it took a tenth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start long tests first, so that workers end together; leave cases out if asked to."""
    if config.getoption("once"):
        firsts = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
        dropped = [item for item in items if firsts[item.nodeid.partition("[")[0]] is not item]
        config.hook.pytest_deselected(items=dropped)
        items[:] = reversed(firsts.values())
    items.sort(key=_is_short)


def _is_short(item: pytest.Item) -> tuple[bool, bool]:
    return item.get_closest_marker("experiment") is None, item.get_closest_marker("slow") is None
