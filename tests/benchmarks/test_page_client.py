from __future__ import annotations

import json

import pytest

from tests.benchmarks.page_client import browser_model, views_of

DOCUMENT = (
    '{"doc":{"roots":[{"data":{"type":"object","name":"TickPane1","id":"p7","attributes":{"view":{"type":"map",'
    '"entries":[["name","2"],["ticket","ghi.jkl"],["of","A"]]}}}},'
    '{"data":{"attributes":{"view":{"type":"map","entries":[["name","1"],["ticket","abc.def"],["widens",true]]}}}},{"class_name":"Browser","data":'
    '{"type":"object","name":"Browser1","id":"p1271","attributes":{}}}],"defs":[{"name":"Browser1","properties":[]}]}}'
)


def test_a_page_is_acknowledged_by_the_model_of_its_browser() -> None:
    patch = browser_model(DOCUMENT).patch("n_drawn", 3)
    assert json.loads(json.dumps(patch))["events"] == [
        {"kind": "ModelChanged", "model": {"id": "p1271"}, "attr": "n_drawn", "new": 3}
    ]


def test_an_update_is_told_from_what_else_a_patch_changes() -> None:
    browser = browser_model(DOCUMENT)
    change = '{{"kind":"ModelChanged","model":{{"id":"{}"}},"attr":"{}","new":{}}}'
    tape, sent = change.format("p1257", "html", '"p1271"'), change.format("p1271", "n_sent", 14)
    assert browser.n_sent(f'{{"events":[{tape},{sent}]}}') == 14
    assert browser.n_sent(f'{{"events":[{tape}]}}') is None
    assert browser.n_sent(change.format("p1257", "n_sent", 14)) is None


def test_the_views_that_a_document_shows_come_with_their_tickets() -> None:
    assert views_of(DOCUMENT) == [("1", "abc.def"), ("2", "ghi.jkl")]


def test_a_document_that_shows_nothing_is_refused() -> None:
    with pytest.raises(AssertionError, match="shows no view"):
        views_of('{"doc":{"roots":[]}}')
