from __future__ import annotations

from pipelines.core.dictionary import Dictionary
from pipelines.decoders.rows import EXCERPT_BYTES, MAX_REASONS, Rejects, name_fault, shown
from tests.decoders.build import RECEIVED_NS, messages


def test_reasons_of_one_message_are_told_apart_up_to_a_bound_and_all_counted() -> None:
    rejects = Rejects(messages([b"a", b"b"]))
    for number in range(1_000):
        rejects.add(1, "trades", f"reason {number}")
    letters = rejects.letters()
    assert len(letters) == MAX_REASONS + 1
    assert sum(letter.n_records for letter in letters) == 1_000
    assert rejects.is_full(1)
    assert not rejects.is_full(0)


def test_dead_letters_come_in_the_order_of_their_messages() -> None:
    rejects = Rejects(messages([b"a", b"b", b"c"]))
    for index in (2, 0, 2, 1):
        rejects.add(index, "trades", "bad")
    assert [(letter.excerpt, letter.n_records) for letter in rejects.letters()] == [("a", 1), ("b", 1), ("c", 2)]


def test_a_dead_letter_shows_the_beginning_of_its_message_made_printable() -> None:
    rejects = Rejects(messages([b"\x00\n\xffprice" + b"x" * 1_000]))
    rejects.add(0, "trades", "bad")
    (letter,) = rejects.letters()
    assert letter.excerpt.startswith("··\N{REPLACEMENT CHARACTER}price")
    assert len(letter.excerpt) == EXCERPT_BYTES
    assert (letter.position, letter.received_ns) == (("p", 0), RECEIVED_NS)


def test_a_value_in_a_reason_is_short() -> None:
    values = ("x" * 10_000, 10**5_000, [1] * 10_000, {"a": 1}, None, True, 1.5)
    assert all(len(shown(value)) < 60 for value in values)
    assert [shown(value) for value in (None, True, 1.5, "a")] == ["null", "true", "1.5", "'a'"]


def test_the_reason_for_a_name_without_a_code_says_which_limit_it_met() -> None:
    assert name_fault("", Dictionary()) == "the name is empty"
    assert name_fault("é" * 33, Dictionary()).endswith("more than 64 bytes")
    assert "than the 5 that are known" in name_fault("A", Dictionary(5))
