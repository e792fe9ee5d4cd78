"""Real servers for tests: on loopback, in a session of their own, writing to a file, killed in the end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.waiting import wait_until

__all__ = ["Mosquitto", "Nginx", "Redis", "Server", "free_port"]


def free_port() -> int:
    """Return a port of loopback that nobody listens at just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """A program that listens at one port of loopback, over all its restarts.

    Parameters
    ----------
    name : str
        What it is.
    command : sequence of str
        What starts it, in the foreground.
    log : Path
        Where what it says is written to.
    port : int
        Where it listens.
    """

    def __init__(self, name: str, command: Sequence[str], *, log: Path, port: int) -> None:
        self.port, self.log = port, log
        self._name, self._command = name, list(command)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._listens, what=f"{self._name} listens, see {self.log}")

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
        assert self._process.poll() is None, f"{self._name} ended: {self.log.read_text()}"
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Mosquitto(Server):
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
        command = [executable, "-c", str(directory / "mosquitto.conf")]
        super().__init__("mosquitto", command, log=directory / "mosquitto.log", port=port or free_port())
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


class Redis(Server):
    """A Redis server of one's own, which keeps nothing over a restart.

    Parameters
    ----------
    directory : Path
        Where its log is kept.
    executable : str
        Path of redis-server.
    """

    def __init__(self, directory: Path, executable: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        port = free_port()
        settings = {
            "--port": str(port),
            "--bind": "127.0.0.1",
            "--save": "",
            "--appendonly": "no",
            "--dir": str(directory),
        }
        command = [executable, *(word for setting in settings.items() for word in setting)]
        super().__init__("redis-server", command, log=directory / "redis.log", port=port)

    def url(self, name: str) -> str:
        """Return the address of a collector here."""
        return f"redis://127.0.0.1:{self.port}/{name}"


class Nginx(Server):
    """An nginx of one's own in front of servers, which gives each connection to the next of them.

    Parameters
    ----------
    directory : Path
        Where its settings, log and buffers are kept.
    executable : str
        Path of nginx.
    ports : sequence of int
        Where the servers listen, on loopback.
    balance : str
        How one is chosen, such as ``ip_hash;``; by default in turn.
    """

    def __init__(self, directory: Path, executable: str, ports: Sequence[int], *, balance: str = "") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        port = free_port()
        folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        lines = [
            "daemon off; master_process off;",
            f"pid {directory}/nginx.pid; error_log stderr warn;",
            "events { worker_connections 1024; }",
            "http {",
            "access_log off;",
            *(f"{folder}_temp_path {directory}/{folder};" for folder in folders),
            f"upstream pages {{ {balance} {' '.join(f'server 127.0.0.1:{each};' for each in ports)} }}",
            "map $http_upgrade $connection_upgrade { default upgrade; '' close; }",
            f"server {{ listen 127.0.0.1:{port}; location / {{",
            "proxy_pass http://pages; proxy_http_version 1.1; proxy_set_header Host $http_host;",
            "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;",
            "proxy_buffering off; proxy_read_timeout 1h; } } }",
        ]
        (directory / "nginx.conf").write_text("\n".join(lines) + "\n")
        command = [executable, "-c", str(directory / "nginx.conf"), "-p", str(directory)]
        super().__init__("nginx", command, log=directory / "nginx.log", port=port)
