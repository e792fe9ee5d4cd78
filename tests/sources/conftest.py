"""Brokers and sources that stop when their test does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.sources.contract import Source
from tests.servers import Mosquitto
from tests.sources.reading import open_source


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Callable[[str], Source]:
    """Return what makes sources of URLs; they are stopped after the test."""

    def make(url: str) -> Source:
        source = open_source(url)
        request.addfinalizer(source.stop)
        return source

    return make


@pytest.fixture
def mosquitto(tmp_path: Path, mosquitto_path: str) -> Iterator[Mosquitto]:
    """A running broker that keeps its sessions over a restart by SIGTERM."""
    broker = Mosquitto(tmp_path / "mosquitto", mosquitto_path, persistence=True)
    broker.start()
    yield broker
    broker.stop()
