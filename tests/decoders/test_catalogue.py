from __future__ import annotations

import pytest

from pipelines.core.dictionary import Dictionary
from pipelines.core.errors import SpecError
from pipelines.core.schema import TRADES
from pipelines.core.url import SourceSpec, parse_source
from pipelines.decoders.catalogue import FORMATS, make_decoder
from pipelines.decoders.encode import make_encoder


@pytest.mark.parametrize("format_name", FORMATS)
def test_each_format_is_made_from_a_url(format_name: str) -> None:
    url = f"mqtt://127.0.0.1/topic?format={format_name}&kind=trades"
    spec = parse_source(url, known_options={"mqtt": ()}, formats=FORMATS)
    decoded = make_decoder(spec, Dictionary()).decode([])
    assert (decoded.batches, decoded.dead_letters) == ((), ())


def test_a_struct_is_declared_in_the_url() -> None:
    url = "mqtt://127.0.0.1/x?format=packed&kind=trades&struct=time:i8,symbol:S4,price:f4,size:f4"
    spec = parse_source(url, known_options={"mqtt": ()}, formats=FORMATS)
    assert spec.struct == "time:i8,symbol:S4,price:f4,size:f4"
    make_decoder(spec, Dictionary())


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (SourceSpec("mqtt"), "add format= with one of binance, json, packed"),
        (SourceSpec("mqtt", format="jsn"), "did you mean 'json'"),
        (SourceSpec("mqtt", format="json", struct="time:i8"), "struct= describes packed records"),
        (SourceSpec("mqtt", format="binance", key="t"), "leave key= out"),
        (SourceSpec("mqtt", format="binance", fields={"price": "p"}), "leave map= out"),
        (
            SourceSpec("mqtt", format="binance", kinds=("readings",), declared=True),
            "trades, quotes, depth, not readings",
        ),
    ],
)
def test_what_a_format_can_not_follow_is_refused(spec: SourceSpec, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        make_decoder(spec, Dictionary())


def test_a_format_that_can_not_be_written_is_refused() -> None:
    with pytest.raises(SpecError, match="json, packed"):
        make_encoder("binance", TRADES, Dictionary())
