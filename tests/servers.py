"""Real servers for tests: on loopback, in a session of their own, writing to a file, killed in the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.waiting import wait_until

__all__ = ["Mosquitto", "free_port"]


def free_port() -> int:
    """Return a port of loopback that nobody listens at just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Mosquitto:
    """A mosquitto of one's own, on one port over all its restarts.

    Parameters
    ----------
    directory : Path
        Where its settings, log and sessions are kept.
    executable : str
        Path of mosquitto.
    persistence : bool
        Whether sessions and what they hold survive a restart by SIGTERM.
    users : mapping of str to str
        Passwords by user. Without users everybody may connect.
    settings : str
        More lines for its configuration file.
    port : int, optional
        Where it listens; by default at a free port.
    """

    def __init__(
        self,
        directory: Path,
        executable: str,
        *,
        persistence: bool = False,
        users: Mapping[str, str] | None = None,
        settings: str = "",
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.log = directory / "mosquitto.log"
        self._command = [executable, "-c", str(directory / "mosquitto.conf")]
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"persistence {str(persistence).lower()}",
            f"persistence_location {directory}/",
            f"allow_anonymous {str(not users).lower()}",
            "max_queued_messages 0",
            settings,
        ]
        if os.getuid() == 0:
            lines.append("user root")  # or it becomes a user who may not write to our directory
        if users:
            passwords = directory / "passwords"
            passwords.touch(mode=0o600)
            program = executable.removesuffix("mosquitto") + "mosquitto_passwd"
            add = program if Path(program).exists() else "mosquitto_passwd"
            for user, password in users.items():
                subprocess.run([add, "-b", passwords, user, password], check=True, capture_output=True)
            lines.append(f"password_file {passwords}")
        (directory / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def url(self, topic: str, query: str = "", *, login: str = "") -> str:
        """Return the URL of a source on this broker."""
        return f"mqtt://{login}127.0.0.1:{self.port}/{topic}{query and '?'}{query}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._listens, what=f"mosquitto listens, see {self.log}")

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """End it by a signal and wait for that. Does nothing where it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal_number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.stop(signal.SIGKILL)

    def _listens(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"mosquitto ended: {self.log.read_text()}"
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
