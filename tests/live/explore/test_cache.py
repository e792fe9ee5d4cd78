from __future__ import annotations

from pipelines.live.explore.cache import ByteCache


def test_the_least_recently_used_goes_first_and_the_bytes_are_bounded() -> None:
    cache: ByteCache[str, int] = ByteCache(100)
    cache.put("a", 1, 40)
    cache.put("b", 2, 40)
    assert cache.get("a") == 1
    cache.put("c", 3, 40)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    assert cache.n_bytes == 80


def test_a_value_takes_the_place_of_the_one_before_it() -> None:
    cache: ByteCache[str, int] = ByteCache(100)
    cache.put("a", 1, 90)
    cache.put("a", 2, 30)
    assert (cache.get("a"), cache.n_bytes, len(cache)) == (2, 30, 1)


def test_what_is_larger_than_all_the_room_is_not_kept() -> None:
    cache: ByteCache[str, int] = ByteCache(100)
    cache.put("a", 1, 50)
    cache.put("b", 2, 101)
    assert (cache.get("a"), cache.get("b")) == (1, None)
