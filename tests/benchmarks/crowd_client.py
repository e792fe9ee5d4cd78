"""Thousands of clients of `/frames` in one process. All of them reconstruct their pictures."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from tests.benchmarks.crowd_server import digest
from tests.benchmarks.socket_client import SocketClient
from tests.live.wire.picture import Picture

__all__ = ["Client", "Reconstruction"]

_ACK_FRAMES = 8


class Reconstruction:
    """What pictures come to, message by message. Clients that got the same messages share the work, and the result.

    Attributes
    ----------
    sizes : Counter of int
        Messages by their bytes.
    n_checked : int
        Pictures that equal the server's, over all clients.
    """

    def __init__(self) -> None:
        self.sizes: Counter[int] = Counter()
        self.seen: Counter[tuple[str, int, str]] = Counter()
        self._after: dict[tuple[str, bytes], tuple[str, Picture]] = {}
        self._pictures: dict[str, Picture] = {}

    def after(self, view: str, state: str, message: bytes) -> str:
        """Return the state of a picture after a message: its digest."""
        self.sizes[len(message)] += 1
        known = self._after.get((state, message))
        if known is None:
            picture = Picture()
            if state:
                before = self._pictures[state]
                picture.__dict__.update(before.__dict__, columns=dict(before.columns), colours=before.colours.copy())
            picture.apply(message)
            codes, colours = picture.codes.tobytes(), picture.colours.tobytes()
            name = digest(picture.generation, picture.first_column, codes, colours)
            known = self._after[state, message] = name, picture
            self._pictures[name] = picture
            self._forget()
        self.seen[view, known[1].generation, known[0]] += 1
        return known[0]

    def n_checked(self, digests: dict[tuple[str, int], str]) -> int:
        """Return how many pictures equal the server's; raises where one does not."""
        n_checked = 0
        for (view, generation, name), n_seen in self.seen.items():
            wanted = digests.get((view, generation))
            assert wanted in (None, name), f"a picture of {view} is not the server's at generation {generation}"
            n_checked += n_seen if wanted else 0
        return n_checked

    def _forget(self) -> None:
        if len(self._after) > 4_096:
            for key in list(self._after)[:1_024]:
                self._pictures.pop(self._after.pop(key)[0], None)


class Client(SocketClient):
    """One socket that shows one view.

    Parameters
    ----------
    ticket, view : str
        What it comes with, and what it wants to see.
    fps : int
        Frames a second.
    shared : Reconstruction
        Reconstructs its picture.
    """

    def __init__(self, ticket: str, view: str, fps: int, shared: Reconstruction) -> None:
        super().__init__("/frames")
        self.n_frames = 0
        self.has_picture: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ticket, self._view, self._fps, self._shared = ticket, view, fps, shared
        self._state = ""

    def opened(self) -> None:
        self._say(type="hello", version=1, ticket=self._ticket)
        self._say(type="subscribe", pane=0, view=self._view, columns=1_200, fps=self._fps)

    def heard(self, message: bytes, *, is_binary: bool) -> None:
        if not is_binary:
            return
        self._state = self._shared.after(self._view, self._state, message)
        self.n_frames += 1
        if not self.has_picture.done():
            self.has_picture.set_result(None)
        if self.n_frames % _ACK_FRAMES == 0:
            self._say(type="ack", pane=0, generation=int.from_bytes(message[4:8], "little"))

    def _say(self, **words: Any) -> None:
        self.say(json.dumps(words))
