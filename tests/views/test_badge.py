from __future__ import annotations

from pipelines.live.standing import Standing
from pipelines.views.badge import badge


def test_words_from_outside_stay_text() -> None:
    html = badge(Standing("bad", "<b>", '"><script>'))
    assert "<b>" not in html
    assert "<script>" not in html
