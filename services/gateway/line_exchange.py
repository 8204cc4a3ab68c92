"""A request that is read, handled and answered at the same time, on green threads.

Each of the three goes at its own pace. What the client has sent meanwhile is handled together: a line that comes alone is answered at once.
Replies that the client does not read yet are kept, in a file when they are many, so that a client may send everything before it reads:
were reading to wait for writing, both sides would wait for each other. When the client goes, what was handed over is still decided, and
nothing else is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import eventlet
from eventlet.queue import Queue

from services.gateway.reply_box import ReplyBox

T = TypeVar("T")
R = TypeVar("R")

MAX_TOGETHER = 2_048  # lines that are handled together
MAX_WAITING_BYTES = 4 * 1024 * 1024  # of lines that were read and wait


def read_ahead(lines: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """What has come since the last list was taken, as one list, and never an empty one. Lines are read meanwhile, up to a limit."""
    waiting: Queue = Queue(MAX_TOGETHER)

    def read() -> Exception | None:
        """Read all lines; what broke reading off, if anything did."""
        total, fault = 0, None
        try:
            for line in lines:
                waiting.put(line)
                total += size(line)
                if total > MAX_WAITING_BYTES:
                    waiting.join()
                    total = 0
        except Exception as broken_by:  # noqa: BLE001  # raised where the lines are taken
            fault = broken_by
        waiting.put(None)
        return fault

    reader = eventlet.spawn(read)
    try:
        while (first := waiting.get()) is not None:
            eventlet.sleep(0)  # what has arrived at the socket is read first
            together = [first, *(waiting.get_nowait() for _ in range(min(waiting.qsize(), MAX_TOGETHER)))]
            last = together[-1] is None
            yield together[:-1] if last else together
            if last:
                break
            for _ in together:
                waiting.task_done()
        if fault := reader.wait():
            raise fault
    finally:
        reader.kill()


def at_once(call: Callable[[T], R], values: Sequence[T]) -> list[R]:
    """The result of each call, all of them under way at the same time."""
    if len(values) == 1:
        return [call(values[0])]
    return [thread.wait() for thread in [eventlet.spawn(call, value) for value in values]]


def kept(replies: Iterable[bytes]) -> Iterator[bytes]:
    """The replies in blocks, produced whether they are taken or not. They end where producing them fails."""
    box = ReplyBox()
    producer = eventlet.spawn(box.fill, replies)
    try:
        yield from box.blocks()
        producer.wait()
    finally:
        producer.kill()
        box.file.close()
