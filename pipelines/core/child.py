"""A child process that says one line when it is ready, and ends with its parent."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pipelines.core.errors import SourceError

__all__ = ["Child", "end_with_parent"]

_START_S: Final = 60.0
_END_S: Final = 5.0
_ASK_S: Final = 0.2

_SHORT_S: Final = 60.0
_REST_S: Final = (1.0, 30.0)
"""How long one that has ended is left alone before it is started again: first, and at most where it lives shortly."""


class Child:
    """One of our modules as a child process.

    Parameters
    ----------
    what : str
        What it is, for errors.
    arguments : sequence of str
        What follows the interpreter: ``-m``, the module and its arguments.
    environment : mapping of str to str, optional
        What its environment has besides ours. Secrets go here: anybody can read a command line.

    Notes
    -----
    *Threads.* Any.
    """

    def __init__(self, what: str, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        self._what, self._arguments, self._environment = what, tuple(arguments), dict(environment or {})
        self._process: subprocess.Popen[str] | None = None
        self._parent_pid = os.getpid()
        self._line = ""
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    @property
    def pid(self) -> int | None:
        """Its process id; None where it is stopped."""
        return None if self._process is None else self._process.pid

    def launch(self) -> None:
        """Start it where it is not running, and don't wait for it."""
        with self._lock:
            self._launch()

    def start(self) -> str:
        """Start it where it is not running, and wait until it is ready; returns the line that it says then.

        Raises
        ------
        SourceError
            Where it ends, or says nothing for a minute.
        """
        with self._lock:
            process = self._process
            if process is None or self._line:  # else it was launched, and is awaited even where it has ended already
                process = self._launch()
            self._line = self._line or self._await_line(process)
            return self._line

    def keep(self, notice: Callable[[str], None]) -> None:
        """Have it started again, by a thread, whenever it ends by itself, for as long as it is not stopped.

        Parameters
        ----------
        notice : callable
            Told in words that it has ended.
        """
        threading.Thread(target=self._keep, args=(notice,), name="keeping", daemon=True).start()

    def stop(self) -> None:
        """End it and wait for it. Does nothing where it is stopped, or in a fork of its parent."""
        if os.getpid() != self._parent_pid:
            return
        self._stopping.set()
        with self._lock:
            if self._process is not None:
                _end(self._process)
                self._process = None

    def _keep(self, notice: Callable[[str], None]) -> None:
        rest_s, began_s = _REST_S[0], time.monotonic()
        while not self._stopping.wait(_ASK_S):
            if self._process is None or self._process.poll() is None:
                continue
            rest_s = min(rest_s * 2, _REST_S[1]) if time.monotonic() - began_s < _SHORT_S else _REST_S[0]
            notice(f"{self._what} has ended: it is started again in {rest_s:g} s")
            if self._stopping.wait(rest_s):
                return
            began_s = time.monotonic()
            with self._lock:
                if self._process is not None:  # stopped meanwhile
                    self._launch()

    def _launch(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            if self._process is not None:
                _end(self._process)  # its pipe
            self._line = ""
            self._stopping.clear()
            self._process = subprocess.Popen(
                [sys.executable, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | self._environment,
            )
        return self._process

    def _await_line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline().strip() if selector.select(_START_S) else ""
        if not line:
            _end(process)
            self._process = None
            raise SourceError(f"{self._what} did not start: what it said is on the standard error")
        return line


def end_with_parent(end: Callable[[], None], *, parent_pid: int) -> None:
    """Have `end` called, by a thread, once the parent of this process is gone.

    Asked, not told: no signal comes when a parent dies, and every fork of it would hold the end of a pipe.
    """

    def watch() -> None:
        waiting = threading.Event()
        while os.getppid() == parent_pid:
            waiting.wait(_ASK_S)
        end()

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        with contextlib.suppress(OSError):
            process.stdout.close()
