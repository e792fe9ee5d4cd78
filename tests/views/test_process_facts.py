from __future__ import annotations

import sys

import pytest

from pipelines.views.process_facts import ProcessFacts, resident_bytes
from tests.views.fakes import FakeFeed


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_the_memory_of_the_process_is_that_of_a_python() -> None:
    resident = resident_bytes()
    assert resident is not None
    assert 10 << 20 < resident < 100 << 30


def test_the_metrics_are_linked() -> None:
    assert 'href="./metrics"' in ProcessFacts([FakeFeed()])._html.html
