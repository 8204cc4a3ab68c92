"""Use a store in a process patched by eventlet, as the services are: python -m tests.kurrent.green ADDRESS. Prints one JSON object."""

# ruff: noqa: E402 - what blocks is imported before the rest, after the patch

import eventlet

eventlet.monkey_patch()

from shared.runtime.native_threads import import_native, native

import_native("shared.store.kurrent.store", "tests.contract.store.writing")

import json
import sys
import time

from shared.store.kurrent.store import KurrentStore
from tests.contract.store.writing import append


class TickCounter:
    """A green thread that counts its turns, and measures the longest time between two."""

    def __init__(self) -> None:
        self.ticks = 0
        self.longest = 0.0
        eventlet.spawn(self.run)

    def run(self) -> None:
        while True:
            before = time.monotonic()
            eventlet.sleep(0.01)
            self.ticks += 1
            self.longest = max(self.longest, time.monotonic() - before)


def main(address: str) -> dict[str, object]:
    store = native(KurrentStore, address)
    counter = TickCounter()
    waiting = eventlet.spawn(native, store.wait, 0, 20.0)
    eventlet.sleep(0.3)
    idle = counter.ticks
    answers = list(eventlet.GreenPool(20).imap(lambda number: native(store.append, append(f"s{number}", 0, 1 + number % 3)), range(200)))
    woken = waiting.wait()
    read = native(store.read_all, 0, 1_000)
    stream = native(store.read_stream, "s2")
    moment = native(store.position_at, read[-1].recordedtime)
    head = native(store.head)
    native(store.close)
    return {
        "appended": len({answer.position for answer in answers}),
        "read": len(read),
        "stream": len(stream),
        "head": head == moment == read[-1].position,
        "woken": woken,
        "idle": idle,
        "longest": counter.longest,
    }


if __name__ == "__main__":
    with eventlet.Timeout(40):
        print(json.dumps(main(sys.argv[1])))
