from __future__ import annotations

import pytest

from pipelines.core.errors import SpecError
from pipelines.core.size import parse_bytes


@pytest.mark.parametrize(
    ("text", "n_bytes"), [("4G", 4 << 30), ("512M", 512 << 20), ("1.5GiB", 3 << 29), ("100 kb", 100 << 10), ("77", 77)]
)
def test_amounts_of_memory_are_read(text: str, n_bytes: int) -> None:
    assert parse_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["", "G", "-1G", "0", "4 gallons", "1e999G"])
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SpecError, match="such as 4G"):
        parse_bytes(text)
