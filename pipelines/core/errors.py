"""The errors that streamshade raises, and the one place that decides which of them end a feed."""

from __future__ import annotations

from typing import Literal

__all__ = ["DecodeError", "ErrorPolicy", "SourceError", "SpecError", "StreamshadeError", "is_fatal"]

ErrorPolicy = Literal["drop", "dead_letter", "stop"]


class StreamshadeError(Exception):
    """Base of every error that streamshade raises on purpose."""


class SpecError(StreamshadeError, ValueError):
    """What was asked for can't be: a URL, an option or a declaration is wrong. The message says what to write."""


class DecodeError(StreamshadeError, ValueError):
    """A message, or a row of it, can't be decoded. The message names the field, what came and what was expected."""


class SourceError(StreamshadeError):
    """A source can't go on by itself: wrong credentials, a refused topic, a file that is not there."""


def is_fatal(error: BaseException) -> bool:
    """Tell whether `error` must end the feed, whatever a node's policy says.

    A feed survives anything that one record or one connection can cause. It does not survive what makes every later
    record wrong or impossible: no memory left, a bug that Python reports as a broken interpreter, or being told to end.
    """
    return isinstance(error, MemoryError | SystemError) or not isinstance(error, Exception)
