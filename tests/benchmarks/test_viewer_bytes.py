from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.viewer_bytes import recording


def test_the_recording_is_found_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMSHADE_DATA", str(tmp_path))
    assert recording() is None
    folder = tmp_path / "binance" / "usdm"
    folder.mkdir(parents=True)
    for name in ("b.gz", "a.gz", "a.txt"):
        (folder / name).touch()
    assert recording() == folder / "a.gz"
