"""Style sheets come from this server, also for a session that no page was fetched for."""

from __future__ import annotations

from typing import Any, Final

import panel as pn

__all__ = ["serve_own_resources"]

_FOLDER: Final = "static/extensions/panel/"


def serve_own_resources() -> None:
    """Let all sessions from here on take Panel's style sheets from this server.

    Panel tells that to a session when its page is fetched. A browser that comes back after a restart, or whose socket
    ends in another process than its page came from, has a session without that, and would ask Panel's host elsewhere.
    """
    pn.state.on_session_created(_tell)


def _tell(context: Any) -> None:
    url: str = context.server_context.application_context.url
    depth = url.strip("/").count("/")
    context._document._template_variables.setdefault(  # noqa: SLF001 - where Panel looks
        "dist_url", "../" * depth + _FOLDER
    )
