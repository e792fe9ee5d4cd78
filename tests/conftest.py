"""What all tests share: the real servers, the recordings, and how hard Hypothesis tries."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.programs import require_program

# Random examples by hand, so that every run adds to the search; a failure prints what reproduces it. A server that
# decides about a change tries the same examples each time: what it refuses is the change's fault.
settings.register_profile(
    "ours",
    deadline=None,
    derandomize=os.environ.get("CI", "") == "true",
    max_examples=int(os.environ.get("EXAMPLES", "40")),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("few", settings.get_profile("ours"), max_examples=5)  # for kernels as plain Python
settings.load_profile("ours")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a real server or a browser, so that ``-m "not browser"`` leaves them out."""
    servers = dict.fromkeys(("mosquitto_path", "redis_path", "nginx_path"), pytest.mark.servers)
    marks = servers | {"chromium_path": pytest.mark.browser}
    for item in items:
        for fixture in marks.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(marks[fixture])


@pytest.fixture(scope="session")
def mosquitto_path() -> str:
    """Path of mosquitto."""
    return require_program("mosquitto")


@pytest.fixture(scope="session")
def redis_path() -> str:
    """Path of redis-server."""
    return require_program("redis-server")


@pytest.fixture(scope="session")
def nginx_path() -> str:
    """Path of nginx."""
    return require_program("nginx")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of a Chromium that runs."""
    return require_program("chromium")


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of the recorded streams. A test that asks for it has a twin on a generated file of the same format."""
    root = Path(os.environ.get("STREAMSHADE_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not root.is_dir():
        pytest.skip("needs the recordings: set STREAMSHADE_DATA to their folder")
    return root
