"""Which source a scheme stands for, and the options that it understands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pipelines.core.clock import Clock
from pipelines.core.errors import SpecError
from pipelines.core.url import SourceSpec, nearest
from pipelines.sources.contract import Source
from pipelines.sources.mqtt import MqttSource
from pipelines.sources.paced import PacedSource
from pipelines.sources.recording import TimedPayload, read_recording

__all__ = ["SCHEME_OPTIONS", "make_source"]

SCHEME_OPTIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "mqtt": frozenset({"qos", "client_id"}),
        "file": frozenset({"speed", "loop"}),
        "sim": frozenset({"rate", "symbols", "seed"}),
    }
)
"""By scheme, the options of its URL besides those that all share."""


def make_source(
    spec: SourceSpec,
    *,
    clock: Clock | None = None,
    simulated: Callable[[SourceSpec], Callable[[], Iterator[TimedPayload]]] | None = None,
) -> Source:
    """Make the source that `spec` declares, not yet started.

    Parameters
    ----------
    spec : SourceSpec
        Its scheme is one of `SCHEME_OPTIONS`.
    clock : Clock, optional
        Where the time comes from; by default the machine's clock.
    simulated : callable, optional
        From a spec of ``sim://`` to what returns its payloads from the beginning. Handed in, because what reads does
        not know what simulates.

    Raises
    ------
    SpecError
        Where the scheme is unknown, or an option can't be. What may change by itself (a broker that is down, a file
        that is not there) is no error here but the state of the started source.
    """
    if spec.scheme == "mqtt":
        return MqttSource(spec, clock=clock)
    if spec.scheme == "file":
        if spec.host:
            raise SpecError(f"a file is named by its full path: write file:///{spec.host}{spec.path}")
        speed, loop = spec.number("speed", 1.0), bool(spec.whole("loop", 0))
        payloads = partial(read_recording, Path(spec.path))
        return PacedSource(spec, payloads, clock=clock, speed=speed, loop=loop, recorded=True)
    if spec.scheme == "sim" and simulated is not None:
        return PacedSource(spec, simulated(spec), clock=clock)
    raise SpecError(f"unknown source {spec.scheme}://{nearest(spec.scheme, SCHEME_OPTIONS)}")
