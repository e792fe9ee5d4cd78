"""A view that servers want, in the process of its feed."""

from __future__ import annotations

import secrets
from typing import Final

from pipelines.live.relay.words import News
from pipelines.live.streams.stream import ViewStream

__all__ = ["RelayedView"]

_KEYFRAME_AFTER: Final = 32 << 10
"""Who comes later gets the newest whole and all news since. So all is told anew where these are longer than it, and so
long at least."""

_WHOLE_NS: Final = 100_000_000
"""How long after all was told it is told again at the soonest, however many ask for it."""


class RelayedView:
    """Turns a stream into news that build on each other, and tells all of it now and then.

    Parameters
    ----------
    key : str
        What the view is called.
    stream : ViewStream
        Its messages.

    Attributes
    ----------
    stream : ViewStream
        The same.
    """

    def __init__(self, key: str, stream: ViewStream) -> None:
        self.stream = stream
        self._key, self._epoch = key, secrets.randbits(62)  # whose generations count from 1 again
        self._generation = 0
        self._n_since = self._n_whole = 0
        self._is_wanted_fresh = True
        self._whole_ns = -_WHOLE_NS

    def freshen(self) -> None:
        """Tell all of it soon: somebody lacks something."""
        self._is_wanted_fresh = True

    def news(self, now_ns: int) -> list[News]:
        """Return what came since the last time. `now_ns` is monotonic."""
        stream, before = self.stream, self._generation
        stream.poll(now_ns)
        found = []
        if stream.generation > before:
            self._generation = stream.generation
            if before:
                found.append(self._news(before, stream.messages(before)))
        is_long = self._n_since > max(_KEYFRAME_AFTER, self._n_whole)
        if self._generation and (is_long or self._is_wanted_fresh) and now_ns - self._whole_ns >= _WHOLE_NS:
            found.append(self._news(0, stream.messages(0)))
            self._is_wanted_fresh, self._whole_ns = False, now_ns
            self._n_since, self._n_whole = 0, found[-1].n_bytes
        return found

    def _news(self, base: int, messages: tuple[bytes, ...]) -> News:
        stream = self.stream
        news = News(self._epoch, self._key, self._generation, base, stream.newest_ns, stream.age_ns, messages)
        self._n_since += news.n_bytes
        return news
