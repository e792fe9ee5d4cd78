"""`panel serve` of all pages in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers import free_port
from tests.waiting import wait_until

__all__ = ["PageServer", "page_server"]

_ROOT: Final = Path(__file__).parents[1]


class PageServer:
    """`panel serve` of all pages, on one port over all its restarts.

    Parameters
    ----------
    log : Path
        Where it writes.
    source : str
        URL of its source.
    options : sequence of str
        What is handed on to `panel serve` besides.
    environment : mapping of str to str
        Variables besides those that are set.

    Attributes
    ----------
    environment : dict of str to str
        What it is started with.
    """

    def __init__(
        self, log: Path, source: str, *, options: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self.address = f"http://127.0.0.1:{(port := free_port())}"
        self.log = log
        self.environment = {**os.environ, "STREAMSHADE_SOURCE": source, **(environment or {})}
        pages = [str(page) for page in sorted((_ROOT / "dashboards").glob("*.py"))]
        routes = ["--port", str(port), "--address", "127.0.0.1", "--plugins", "pipelines.live.routes"]
        self._command = [sys.executable, "-m", "panel", "serve", *pages, *routes, *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, until: str = "/ready") -> None:
        """Start it and wait until a route answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=_ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: self._answers(until), 60, what=f"{until} answers, see {self.log}")

    def stop(self) -> None:
        """Kill it and whatever it started. Does nothing where it does not run."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def freeze(self) -> None:
        """Let it stand still: its sockets stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def read(self, route: str) -> str:
        """Return what a route answers with."""
        with urllib.request.urlopen(self.address + route, timeout=20) as answer:
            return str(answer.read().decode())

    @property
    def cpu_s(self) -> float:
        """How long it has computed, in seconds."""
        fields = self._of_process("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_bytes(self) -> int:
        """Its resident memory."""
        return int(self._of_process("statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def _of_process(self, what: str) -> str:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/{what}").read_text()

    def _answers(self, route: str) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(self.address + route, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


@contextmanager
def page_server(
    folder: Path,
    source: str,
    *,
    until: str = "/ready",
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[PageServer]:
    """Run a server, and look into its log in the end: no page may have failed."""
    server = PageServer(folder / "server.log", source, options=options, environment=environment)
    try:
        server.start(until=until)
        yield server
    finally:
        server.stop()
    log = server.log.read_text(errors="replace")
    assert "/pipelines/" not in log, log  # in a traceback
