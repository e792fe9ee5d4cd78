"""Which view an address of `/watch` names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pipelines.core.clock import parse_duration_ns
from pipelines.core.errors import SpecError
from pipelines.core.schema import schema_of
from pipelines.core.spec import ViewSpec
from pipelines.core.url import nearest
from pipelines.live.frames.looks import LOOKS
from pipelines.live.source import FrameSource

__all__ = ["view_of"]


_N_COMPARED: Final = 2_000
"""Names that one which there is not is compared with: more would hold up the loop."""

_OPTIONS: Final = ("feed", "kind", "look", "span", "value")


def view_of(key: str, options: Mapping[str, str], sources: Iterable[FrameSource]) -> ViewSpec:
    """Return the view of a symbol or sensor.

    Parameters
    ----------
    key : str
        Its name.
    options : mapping of str to str
        What the address says besides: ``look`` (``points``, ``side`` or ``line``), ``span`` (such as ``5m``), ``feed``,
        ``kind`` and ``value``; by default points over a minute of the kind's own value, of the first feed that has rows
        of that name.
    sources : iterable of FrameSource
        The feeds.

    Raises
    ------
    SpecError
        Where there is nothing of that name, or an option can't be read. The message says what there is.
    """
    for name in options:
        _one_of(_OPTIONS, name, "option")
    feeds = {source.name: source for source in sources}
    if "feed" in options:
        feeds = {options["feed"]: feeds[_one_of(feeds, options["feed"], "feed")]}
    source, kind = _holder(key, options.get("kind"), feeds.values())
    look = LOOKS[_one_of(LOOKS, options.get("look", "points"), "look")]
    value = options.get("value", schema_of(kind).value)
    return ViewSpec(source.name, kind, key, value, parse_duration_ns(options.get("span", "1m")), **look)


def _holder(key: str, kind: str | None, sources: Iterable[FrameSource]) -> tuple[FrameSource, str]:
    """Return who has rows of a name, and of which kind: the first."""
    names: list[str] = []
    for source in sources:
        names += source.dictionary.names
        for each in source.kinds if kind is None else [_one_of(source.kinds, kind, "kind")]:
            if source.has_rows(each, key):
                return source, each
    raise SpecError(f"there are no rows of {key!r}{nearest(key, names[:_N_COMPARED])}")


def _one_of(known: Collection[str], name: str, what: str) -> str:
    if name not in known:
        raise SpecError(f"unknown {what} {name!r}{nearest(name, known)}")
    return name
