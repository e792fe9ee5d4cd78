"""How a feed stands, in words and a colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pipelines.core.clock import NS_PER_SECOND, duration
from pipelines.live.status import FeedStatus

__all__ = ["STALE_NS", "Standing", "standing_of"]

STALE_NS: Final = 2 * NS_PER_SECOND
"""A feed that has brought nothing for longer is called stale."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a feed stands.

    Parameters
    ----------
    level : {"ok", "wait", "bad"}
        The colour: all is well, it may mend itself, or somebody must act.
    word : str
        The state in a word or two.
    why : str
        What is known about it; may be empty.
    """

    level: Literal["ok", "wait", "bad"]
    word: str
    why: str = ""

    @property
    def sentence(self) -> str:
        """State and reason in one line of plain text."""
        return f"{self.word}: {self.why}" if self.why else self.word


def standing_of(status: FeedStatus, age_ns: int | None = None) -> Standing:
    """Return how a feed stands.

    Parameters
    ----------
    status : FeedStatus
        The feed.
    age_ns : int or None
        How old the newest row of what is shown is; None for the newest of the whole feed.
    """
    if status.stopped_by:
        return Standing("bad", "stopped", status.stopped_by)
    source = status.source
    if source.state in ("failed", "stopped"):
        return Standing("bad", source.state, source.detail)
    if source.state == "connecting":
        return Standing("wait", "connecting", source.detail)
    if source.state == "ended":
        return Standing("ok", "ended", source.detail)
    if _is_rejecting(status):
        return Standing("bad", "rejecting", _newest_reason(status))
    age_ns = status.lag_ns if age_ns is None else age_ns
    if age_ns is None:
        return Standing("wait", "waiting", "connected, nothing has come yet")
    if age_ns > STALE_NS:
        return Standing("wait", f"stale {duration(age_ns)}", f"connected, but nothing came for {duration(age_ns)}")
    return Standing("ok", "live", source.detail)


def _is_rejecting(status: FeedStatus) -> bool:
    """Tell whether rows come, but none of them can be stored."""
    total = status.ledger.total
    never_stored = total.received > 0 and not total.stored
    is_stale = status.lag_ns is not None and status.lag_ns > STALE_NS
    return never_stored or (is_stale and sum(status.records_per_second.values()) > 0)


def _newest_reason(status: FeedStatus) -> str:
    total, letters = status.ledger.total, status.ledger.dead_letters
    counts = f"{total.received:,} records came: {total.late:,} late, {total.rejected:,} rejected"
    return f"{counts}; the newest because {letters[-1].reason}" if letters else counts
