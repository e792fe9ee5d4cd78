"""From a URL to a source: where schemes and formats meet."""

from __future__ import annotations

from dataclasses import replace

from pipelines.core.clock import Clock
from pipelines.core.url import SourceSpec, parse_source
from pipelines.decoders.catalogue import FORMATS
from pipelines.graph.simulated import simulated_source
from pipelines.sources.catalogue import SCHEME_OPTIONS, make_source
from pipelines.sources.contract import Source

__all__ = ["open_source", "read_url"]


def read_url(url: str) -> SourceSpec:
    """Read the URL of a source. A simulated one is written as json unless it says otherwise.

    Raises
    ------
    SpecError
        Where it names a scheme, an option, a format or a kind that there is not.
    """
    spec = parse_source(url, known_options=SCHEME_OPTIONS, formats=FORMATS)
    return replace(spec, format="json") if spec.scheme == "sim" and not spec.format else spec


def open_source(spec: SourceSpec, *, clock: Clock) -> Source:
    """Make the source that `spec` declares, not yet started."""
    return make_source(spec, clock=clock, simulated=simulated_source)
