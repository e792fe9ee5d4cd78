"""Tickets: a page that somebody may see hands its browser one, which names what `/frames` may send there."""

from __future__ import annotations

import base64
import contextlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from pipelines.core.clock import NS_PER_SECOND, Clock, SystemClock
from pipelines.core.errors import SpecError, StreamshadeError
from pipelines.core.spec import View

__all__ = ["SECRET_VARIABLE", "TicketError", "Tickets", "kept_secret", "process_tickets"]

SECRET_VARIABLE: Final = "STREAMSHADE_SECRET"
"""What tickets are signed with. Servers that share visitors need the same; by default a user of a machine has one."""

_STATE_HOME: Final = os.environ.get("XDG_STATE_HOME") or "~/.local/state"

_LIFE_NS: Final = 300 * NS_PER_SECOND
_SECRET_BYTES: Final = 32


class TicketError(StreamshadeError):
    """A ticket is forged, damaged or too old."""


class _Rights(msgspec.Struct, frozen=True):
    views: dict[str, View]
    expires_ns: int


class Tickets:
    """Mints tickets and reads them.

    Parameters
    ----------
    secret : bytes
        What they are signed with (HMAC-SHA256, RFC 2104).
    clock : Clock
        Tells when they expire: five minutes after they were minted.

    Notes
    -----
    *Threads.* Any.
    """

    def __init__(self, secret: bytes, *, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def mint(self, views: Mapping[str, View]) -> str:
        """Return a ticket for views by the names that the client calls them. Any canvas class of them is meant."""
        rights = _Rights(dict(views), self._clock.now_ns() + _LIFE_NS)
        body = base64.urlsafe_b64encode(msgspec.json.encode(rights))
        return f"{body.decode()}.{self._signature(body)}"

    def is_aging(self, minted_ns: int) -> bool:
        """Tell whether a ticket of that time (nanoseconds UTC) should be exchanged for a new one."""
        return self._clock.now_ns() - minted_ns >= _LIFE_NS // 2

    def read(self, ticket: str) -> Mapping[str, View]:
        """Return the views that a ticket is for.

        Raises
        ------
        TicketError
            Where it was not minted with this secret, or has expired.
        """
        body, _, signature = ticket.partition(".")
        if not hmac.compare_digest(self._signature(body.encode()).encode(), signature.encode()):
            raise TicketError("this ticket is not ours: load the page again")
        try:
            rights = msgspec.json.decode(base64.urlsafe_b64decode(body), type=_Rights)
        except (ValueError, msgspec.DecodeError, SpecError) as error:
            raise TicketError(f"this ticket can't be read: {error}") from None
        if rights.expires_ns <= self._clock.now_ns():
            raise TicketError("this ticket has expired: load the page again")
        return rights.views

    def _signature(self, body: bytes) -> str:
        return base64.urlsafe_b64encode(hmac.digest(self._secret, body, "sha256")).decode()


def _secret() -> bytes:
    file = Path(os.path.expanduser(_STATE_HOME), "streamshade", "secret")  # noqa: PTH111 - the other raises homeless
    return os.environ.get(SECRET_VARIABLE, "").encode() or kept_secret(file)


def kept_secret(file: Path) -> bytes:
    """Return the secret in a file, which is made where it is not there: so tickets outlive a restart of the server.

    Where it can't be, the secret is one for this process alone.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), open(file, "xb", opener=_for_us_alone) as made:
            made.write(secrets.token_bytes(_SECRET_BYTES))
        secret = file.read_bytes()
    except OSError:
        secret = b""
    return secret if len(secret) == _SECRET_BYTES else secrets.token_bytes(_SECRET_BYTES)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


_tickets: Tickets | None = None


def process_tickets() -> Tickets:
    """Return what mints and reads the tickets of this process."""
    global _tickets
    if _tickets is None:
        _tickets = Tickets(_secret(), clock=SystemClock())
    return _tickets
