"""Who may have what the pages show: those who may see the pages."""

from __future__ import annotations

import hmac
import logging
import os
from inspect import isawaitable, signature
from typing import Any, Final
from urllib.parse import quote

from bokeh.document import Document
from panel.auth import BasicAuthProvider
from panel.config import config
from panel.io.session import generate_session
from panel.io.state import set_curdoc, state
from tornado.web import HTTPError, RequestHandler
from tornado.websocket import WebSocketHandler

__all__ = ["METRICS_TOKEN_VARIABLE", "Guarded", "has_token"]

_log = logging.getLogger(__name__)

METRICS_TOKEN_VARIABLE: Final = "STREAMSHADE_METRICS_TOKEN"
"""Whoever sends it as ``Authorization: Bearer ...`` may read the metrics, where the pages have a login."""


class Guarded(RequestHandler):
    """A route that is refused to who may not see the pages. Panel itself guards only these.

    Who has not logged in is refused where the server has a login and is not open to guests, and so is whom
    ``config.authorize_callback`` refuses. A page opens a socket with the ticket that it was given. So sockets are open
    to guests where any page is, and a callback that tells paths apart was asked about the page already.

    Attributes
    ----------
    is_page : bool
        Whether somebody looks at the answer, who is sent to the login, or where the callback says, instead.

    Notes
    -----
    *Threads.* The server's loop.
    """

    is_page = False

    async def prepare(self) -> None:
        """Refuse who may not; raises `HTTPError` 403."""
        if not await self._is_known():
            self._refuse("log in at the pages first", self._login_url() if self.is_page else "")
            return
        verdict = _verdict(self)
        if not verdict or isinstance(verdict, str):
            self._refuse("you may not see this", verdict or "")

    def _refuse(self, reason: str, elsewhere: str) -> None:
        if not (self.is_page and elsewhere):
            raise HTTPError(403, reason=reason)
        self.redirect(elsewhere)

    async def _is_known(self) -> bool:
        """Tell whether somebody has logged in, where they must."""
        provider: Any = getattr(self.application, "auth_provider", None)
        if provider is None or not (provider.get_user or provider.get_user_async):
            return True
        if isinstance(provider, BasicAuthProvider):  # which would count a socket as a session, and never forget it
            return _has_cookie(self) or self._is_open_to_guests()
        user = provider.get_user_async(self) if provider.get_user_async else provider.get_user(self)
        return bool(await user if isawaitable(user) else user)

    def _is_open_to_guests(self) -> bool:
        endpoints = config.oauth_guest_endpoints or []
        is_endpoint = bool(endpoints) if isinstance(self, WebSocketHandler) else self.request.uri in endpoints
        return bool(config.oauth_optional) or is_endpoint

    def _login_url(self) -> str:
        """Return where to log in, and to come back afterwards."""
        provider: Any = self.application.auth_provider  # type: ignore[attr-defined]
        if provider.get_login_url is not None:
            login = str(provider.get_login_url(self))
        else:
            login = f"{getattr(self.application, 'prefix', '')}/{(provider.login_url or '').lstrip('/')}"
        return f"{login}?next={quote(self.request.uri or '/', safe='')}"


def has_token(handler: RequestHandler) -> bool:
    """Tell whether a request carries the token for metrics."""
    token = os.environ.get(METRICS_TOKEN_VARIABLE, "")
    sent = handler.request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())


def _has_cookie(handler: RequestHandler) -> bool:
    """Tell whether somebody logged in. Without a secret to sign cookies with, nobody can have."""
    if not handler.application.settings.get("cookie_secret"):
        return False
    return bool(handler.get_secure_cookie("user", max_age_days=config.oauth_expiry))


def _verdict(handler: RequestHandler) -> Any:
    """Return what ``config.authorize_callback`` says: whether they may, or where they shall go. Panel asks it alike."""
    callback = config.authorize_callback
    if callback is None:
        return True
    tells_paths_apart = len(signature(callback).parameters) == 2
    if tells_paths_apart and isinstance(handler, WebSocketHandler):
        return True
    try:
        with set_curdoc(_stand_in(handler)):
            return callback(state.user_info, *([handler.request.path] if tells_paths_apart else []))
    except Exception as error:
        _log.warning("authorize_callback failed, so %s was refused: %r", handler.request.path, error)
        return False


def _stand_in(handler: RequestHandler) -> Document:
    """Return a document that the callback finds the visitor with, as that of a page: in `panel.state`."""
    cookies = {name: cookie.value for name, cookie in handler.request.cookies.items()}
    if isinstance(getattr(handler.application, "auth_provider", None), BasicAuthProvider) and not _has_cookie(handler):
        cookies["is_guest"] = "1"
    payload = {"cookies": cookies, "headers": dict(handler.request.headers), "arguments": handler.request.arguments}
    return generate_session(handler.application, handler.request, payload, initialize=False).document
