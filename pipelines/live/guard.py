"""Who may have what the pages show: those who may see the pages."""

from __future__ import annotations

import hmac
import os
from inspect import isawaitable
from typing import Any, Final

from panel.auth import BasicAuthProvider
from panel.config import config
from tornado.web import HTTPError, RequestHandler

__all__ = ["METRICS_TOKEN_VARIABLE", "Guarded", "has_token"]

METRICS_TOKEN_VARIABLE: Final = "STREAMSHADE_METRICS_TOKEN"
"""Whoever sends it as ``Authorization: Bearer ...`` may read the metrics, where the pages have a login."""


class Guarded(RequestHandler):
    """A route that is refused to who has not logged in, where the server has a login. Panel itself guards only pages.

    Notes
    -----
    *Threads.* The server's loop.
    """

    async def prepare(self) -> None:
        """Refuse who may not; raises `HTTPError` 403."""
        if not await self.is_known():
            raise HTTPError(403, reason="log in at the pages first")

    async def is_known(self) -> bool:
        """Tell whether somebody has logged in, where they must."""
        provider: Any = getattr(self.application, "auth_provider", None)
        if provider is None or not (provider.get_user or provider.get_user_async):
            return True
        if isinstance(provider, BasicAuthProvider):  # which would count a socket as a session, and never forget it
            return _has_cookie(self) or bool(config.oauth_optional)
        user = provider.get_user_async(self) if provider.get_user_async else provider.get_user(self)
        return bool(await user if isawaitable(user) else user)

    def get_login_url(self) -> str:
        """Return where to log in; call it only where `is_known` says no."""
        provider: Any = self.application.auth_provider  # type: ignore[attr-defined]
        if provider.get_login_url is not None:
            return str(provider.get_login_url(self))
        prefix = getattr(self.application, "prefix", "")
        return f"{prefix}/{(provider.login_url or '').lstrip('/')}"


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
