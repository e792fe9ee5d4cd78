from __future__ import annotations

import panel as pn

from pipelines.views.page.flow import flow


def test_parts_keep_their_styles_and_take_no_more_room_than_there_is() -> None:
    part = pn.Column(styles={"flex": "1 1 200px"})
    row = flow(part, pn.Column(width=900), gap="10px", align="stretch")
    assert part.styles == {"flex": "1 1 200px", "align-self": "stretch"}
    assert row.styles == {"flex-wrap": "wrap", "gap": "10px", "min-width": "0"}
