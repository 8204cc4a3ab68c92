"""Reading ahead: what was read is handed over, in order, whatever comes after it."""

from collections.abc import Iterator
from itertools import count

import eventlet
import pytest

from services.gateway.line_exchange import read_ahead


def test_what_breaks_reading_off_is_raised_after_the_lines_before_it() -> None:
    def lines() -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        raise ZeroDivisionError

    read: list[bytes] = []

    def take() -> None:
        for together in read_ahead(lines(), len):
            read.extend(together)

    with eventlet.Timeout(20), pytest.raises(ZeroDivisionError):
        take()
    assert read == [b"one", b"two"]


def test_who_stops_taking_leaves_no_reader_behind() -> None:
    asked: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in count():
            asked.append(number)
            yield b"x" * 1_000
            eventlet.sleep(0)

    with eventlet.Timeout(20):
        taken = read_ahead(lines(), len)
        next(taken)
        taken.close()  # type: ignore[attr-defined]  # it is a generator
        before = len(asked)
        for _ in range(10):
            eventlet.sleep(0)
    assert 0 < before == len(asked)
