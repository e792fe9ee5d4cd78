from __future__ import annotations

import pytest

from pipelines.core.errors import DecodeError, SourceError, SpecError, is_fatal


@pytest.mark.parametrize("error", [MemoryError(), SystemError(), KeyboardInterrupt(), SystemExit()])
def test_what_would_harm_every_later_record_ends_a_feed(error: BaseException) -> None:
    assert is_fatal(error)


@pytest.mark.parametrize(
    "error", [DecodeError(), SpecError(), SourceError(), ValueError(), OSError(), ZeroDivisionError(), RecursionError()]
)
def test_what_one_record_or_connection_can_cause_does_not(error: Exception) -> None:
    assert not is_fatal(error)
