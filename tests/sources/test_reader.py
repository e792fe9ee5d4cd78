from __future__ import annotations

import threading

import pytest

from pipelines.core.errors import SourceError
from pipelines.sources.queue import MessageQueue
from pipelines.sources.reader import Reader
from tests.waiting import wait_until


def test_many_threads_that_start_and_stop_leave_one_reader_or_none() -> None:
    running: list[int] = []

    def read(stopping: threading.Event) -> None:
        running.append(1)
        assert sum(running) == 1, "two readers at once"
        stopping.wait()
        running.append(-1)

    reader = Reader("reader", queue=MessageQueue(), read=read)
    threads = [
        threading.Thread(target=lambda act=act: [act() for _ in range(50)])
        for act in [reader.start, reader.stop, reader.start, reader.stop]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    reader.stop()
    assert sum(running) == 0
    assert reader.standing == ("stopped", "")


@pytest.mark.parametrize(
    ("error", "detail"), [(SourceError("no such file"), "no such file"), (KeyError(1), "KeyError")]
)
def test_what_ends_the_thread_is_told_as_its_state(error: Exception, detail: str) -> None:
    def read(_stopping: threading.Event) -> None:
        raise error

    reader = Reader("reader", queue=MessageQueue(), read=read)
    reader.start()
    wait_until(lambda: reader.standing[0] == "failed")
    assert detail in reader.standing[1]
    reader.stop()


def test_a_reader_that_waits_elsewhere_is_interrupted() -> None:
    interrupted = threading.Event()
    reader = Reader("reader", queue=MessageQueue(), read=lambda _: assert_set(interrupted), interrupt=interrupted.set)
    reader.start()
    reader.stop()
    assert interrupted.is_set()


def assert_set(event: threading.Event) -> None:
    assert event.wait(20)
