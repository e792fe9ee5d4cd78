"""Collector and servers on one machine: a socket in the file system, which only its owner may open."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import stat
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from pipelines.core.errors import SpecError

__all__ = ["UnixInlet", "UnixOutlet"]

_LOG: Final = logging.getLogger(__name__)

_LENGTH: Final = struct.Struct("<I")
_MOST_BYTES: Final = 256 << 20
"""Longest message: names and snapshots of all keys."""

_MOST_WAITING: Final = 8 << 20
"""Bytes that wait for a server which does not read: then it is cut off. It connects again, and asks for all anew."""

_SEND_LIMIT: Final = struct.pack("ll", 2, 0)
"""Seconds and microseconds that a collector which does not read is waited for."""

_RETRY_S: Final = 0.2
_END_S: Final = 1.0

_VIEW: Final = "view:"


class _Greeting(Struct, frozen=True, tag="greeting"):
    """The first thing that a server says: its name."""

    server: str


class _Topics(Struct, frozen=True, tag="topics"):
    """What a server listens to."""

    topics: tuple[str, ...]


class _Ask(Struct, frozen=True, tag="ask"):
    """Something for the collector."""

    message: bytes


_ENCODE: Final = msgspec.msgpack.encode
_DECODER: Final = msgspec.msgpack.Decoder(_Greeting | _Topics | _Ask)


class _Peer:
    """A server that is connected."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.name = ""
        self.topics: frozenset[str] = frozenset()

    def send(self, message: bytes) -> None:
        transport = self.writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() < _MOST_WAITING:
            self.writer.write(_LENGTH.pack(len(message)) + message)
        else:
            _LOG.warning("server %s does not read what it is sent: it is cut off", self.name)
            transport.abort()


class UnixOutlet:
    """An `Outlet` that listens at a path.

    Parameters
    ----------
    path : str
        Where the socket is made. Its folder must be there.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._peers: set[_Peer] = set()
        self._newest: dict[str, bytes] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._file: tuple[int, int] | None = None

    @property
    def failure(self) -> str:
        """As `Outlet` says."""
        is_ours = self._server is None or _file_at(self._path) in (self._file, None)
        return "" if is_ours else f"another collector has taken the place of this one at {self._path}"

    async def start(self, receive: Callable[[bytes], None]) -> None:
        """As `Outlet` says."""

        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer, receive))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

        try:
            self._server = await asyncio.start_unix_server(serve, sock=_listener(self._path))
        except OSError as error:
            raise SpecError(f"can't listen at {self._path}: {error.strerror or error}") from error
        self._file = _file_at(self._path)

    def publish(self, topic: str, message: bytes) -> None:
        """As `Outlet` says."""
        if not topic.startswith(_VIEW):
            self._newest[topic] = message
        for peer in self._peers:
            if topic in peer.topics:
                peer.send(message)

    def send(self, server: str, message: bytes) -> None:
        """As `Outlet` says."""
        for peer in self._peers:
            if peer.name == server:
                peer.send(message)

    async def stop(self) -> None:
        """As `Outlet` says."""
        if self._server is not None:
            self._server.close()
            for peer in tuple(self._peers):
                peer.writer.close()
            if self._serving:
                await asyncio.wait(self._serving, timeout=_END_S)
            if _file_at(self._path) == self._file:
                with contextlib.suppress(OSError):
                    Path(self._path).unlink()

    def _listen(self, peer: _Peer, topics: frozenset[str]) -> None:
        for topic in topics - peer.topics:
            if topic in self._newest:
                peer.send(self._newest[topic])
        peer.topics = topics

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, receive: Callable[[bytes], None]
    ) -> None:
        peer = _Peer(writer)
        self._peers.add(peer)
        try:
            while True:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                if length > _MOST_BYTES:
                    break
                said = _DECODER.decode(await reader.readexactly(length))
                if isinstance(said, _Greeting):
                    peer.name = said.server
                elif isinstance(said, _Topics):
                    self._listen(peer, frozenset(said.topics))
                else:
                    receive(said.message)
        except (asyncio.IncompleteReadError, OSError):
            pass
        except msgspec.DecodeError as error:
            _LOG.error("a server says what can't be read: %s", error)
        finally:
            self._peers.discard(peer)
            writer.close()


class UnixInlet:
    """An `Inlet` that connects to a path.

    Parameters
    ----------
    path : str
        Where the collector listens.
    server : str
        What this server is called.
    """

    def __init__(self, path: str, *, server: str) -> None:
        self._path, self._server = path, server
        self._topics: frozenset[str] = frozenset()
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __str__(self) -> str:
        return self._path

    def start(self, receive: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """As `Inlet` says."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, args=(receive, lost), name="relay", daemon=True)
        self._thread.start()

    def listen(self, topics: frozenset[str]) -> None:
        """As `Inlet` says."""
        with self._lock:
            if topics != self._topics:
                self._topics = topics
                self._say(_Topics(tuple(topics)))

    def ask(self, message: bytes) -> None:
        """As `Inlet` says."""
        with self._lock:
            self._say(_Ask(message))

    def stop(self) -> None:
        """As `Inlet` says."""
        self._stopping.set()
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _say(self, said: Struct) -> None:
        data = _ENCODE(said)
        if self._socket is None:
            return
        try:
            self._socket.sendall(_LENGTH.pack(len(data)) + data)
        except OSError:  # a part of it may have gone: who reads finds out, and connects again
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _work(self, receive: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(OSError, EOFError), socket.socket(socket.AF_UNIX) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_LIMIT)
                connection.connect(self._path)
                with self._lock:
                    self._socket = connection
                    self._say(_Greeting(self._server))
                    self._say(_Topics(tuple(self._topics)))
                with connection.makefile("rb") as file:
                    while not self._stopping.is_set():
                        (length,) = _LENGTH.unpack(_exactly(file, _LENGTH.size))
                        if length > _MOST_BYTES:
                            break
                        receive(_exactly(file, length))
            with self._lock:
                was_connected, self._socket = self._socket is not None, None
            if was_connected:
                lost()
            self._stopping.wait(_RETRY_S)


def _listener(path: str) -> socket.socket:
    """Return what listens at a path, where nobody does and there is no other file; raises `OSError`."""
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError), socket.socket(socket.AF_UNIX) as probe:
        if not stat.S_ISSOCK(Path(path).stat().st_mode):
            raise OSError("there is another file")
        probe.setblocking(False)
        with contextlib.suppress(BlockingIOError):  # it is there, and busy
            probe.connect(path)
        raise OSError("another collector does already")
    listener = socket.socket(socket.AF_UNIX)
    try:
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()
        listener.bind(path)
        Path(path).chmod(0o600)  # nobody can connect before it listens
    except OSError:
        listener.close()
        raise
    return listener


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _exactly(file: BinaryIO, n_bytes: int) -> bytes:
    data = file.read(n_bytes)
    if len(data) < n_bytes:
        raise EOFError
    return data
