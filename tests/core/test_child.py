"""A child process is started once, tells when it is ready, and ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipelines.core import child as child_module
from pipelines.core.child import Child, end_with_parent
from pipelines.core.errors import SourceError
from tests.waiting import wait_until

READY = "print('ready', flush=True); __import__('signal').pause()"


def test_it_is_started_once_and_ended_once() -> None:
    child = Child("a child", ("-c", READY))
    assert child.pid is None
    child.launch()
    pid = child.pid
    assert child.start() == child.start() == "ready"
    assert child.pid == pid
    child.stop()
    child.stop()
    assert child.pid is None


def test_one_that_ended_by_itself_is_started_again() -> None:
    child = Child("a child", ("-c", "print('ready', flush=True)"))
    child.start()
    first = child.pid
    assert first is not None
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert child.start() == "ready"
    assert child.pid != first
    child.stop()


def test_one_that_is_kept_is_started_again_whenever_it_ends_until_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child_module, "_REST_S", (0.01, 0.02))
    child, said = Child("the feeds", ("-c", READY)), list[str]()
    child.start()
    child.keep(said.append)
    for n_times in (1, 2, 3):
        pid = child.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: child.pid != pid)  # noqa: B023
        assert len(said) == n_times
    assert "the feeds has ended: it is started again" in said[0]
    child.stop()
    assert child.pid is None
    (keeping,) = [thread for thread in threading.enumerate() if thread.name == "keeping"] or [None]
    if keeping is not None:
        keeping.join(10)
        assert not keeping.is_alive()
    assert child.pid is None


def test_its_environment_is_ours_and_what_it_is_given() -> None:
    script = "import os; print(os.environ['GIVEN'], 'PATH' in os.environ, flush=True)"
    child = Child("a child", ("-c", script), environment={"GIVEN": "secret"})
    assert child.start() == "secret True"
    child.stop()


def test_one_that_ends_before_it_is_ready_is_told_of_in_words() -> None:
    child = Child("the broker", ("-c", "raise SystemExit(3)"))
    with pytest.raises(SourceError, match="the broker did not start"):
        child.start()
    assert child.pid is None


def test_one_that_was_launched_and_ended_before_it_was_ready_is_not_tried_twice(tmp_path: Path) -> None:
    script = f"import os; os.open({str(tmp_path / 'tried')!r}, os.O_CREAT | os.O_EXCL); raise SystemExit(3)"
    child = Child("the broker", ("-c", script))
    child.launch()
    assert child.pid is not None
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert (tmp_path / "tried").exists()
    (tmp_path / "tried").unlink()
    with pytest.raises(SourceError):
        child.start()
    assert not (tmp_path / "tried").exists()


def test_a_fork_of_its_parent_does_not_end_it() -> None:
    child = Child("a child", ("-c", READY))
    child.start()
    child._parent_pid += 1
    child.stop()
    assert child.pid is not None
    child._parent_pid -= 1
    child.stop()


def test_that_a_parent_is_gone_is_noticed() -> None:
    ended = threading.Event()
    end_with_parent(ended.set, parent_pid=os.getppid() + 1)
    assert ended.wait(10)


def test_a_process_lives_as_long_as_its_parent() -> None:
    script = (
        "import os, signal; from pipelines.core.child import end_with_parent;"
        "end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM), parent_pid=os.getppid());"
        "print('up', flush=True); signal.pause()"
    )
    parent = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {script!r}]); p.wait()"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.kill()
        assert process.stdout.read() == b""  # nobody holds the other end any more
