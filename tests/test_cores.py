"""Work ahead in threads: in order, bounded, and what fails is raised at its turn."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sar_colorize.cores import made_ahead


def test_what_is_made_comes_in_order_and_no_further_ahead_than_threads() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(50):
            taken.append(item)
            yield item

    seen = []
    for made in made_ahead(lambda item: item * item, items(), 3):
        seen.append(made)
        assert len(taken) <= len(seen) + 3
    assert seen == [item * item for item in range(50)]


def test_one_thread_is_the_callers() -> None:
    assert set(made_ahead(lambda _: threading.get_ident(), range(5), 1)) == {threading.get_ident()}


def test_several_are_made_at_once() -> None:
    both = threading.Barrier(2, timeout=60)
    assert list(made_ahead(lambda _: both.wait() >= 0, range(2), 2)) == [True, True]


def test_a_failure_is_raised_at_its_turn_and_no_thread_is_left() -> None:
    before = threading.active_count()
    found = made_ahead(lambda item: 1 // (item - 2), range(10), 2)
    assert [next(found), next(found)] == [-1, -1]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert threading.active_count() == before


def test_who_takes_no_more_ends_what_is_waited_for_and_leaves_no_thread() -> None:
    before, ended = threading.active_count(), threading.Event()
    found = made_ahead(lambda item: item == 0 or ended.wait(60), range(100), 2, ended.set)
    assert next(found)
    found.close()
    assert ended.is_set()
    assert threading.active_count() == before
