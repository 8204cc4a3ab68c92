"""Followers of the live feed, in a process of their own: when each of them heard each command.

python -m tests.bench.followers PORT TOKEN COUNT EVENTS

Prints "ready" when every follower has the beginning of its stream. Once each has heard EVENTS commands, prints a JSON object: for each
command id, the moments at which it was heard, on the clock that all processes of the machine share.
"""

import asyncio
import json
import re
import sys
import time
from collections import defaultdict

OPENED_AT_ONCE = 200  # connections, so that none waits long enough to be given up
COMMAND = re.compile(rb'"commandid":"([0-9a-f-]{36})"')
REQUEST = "GET /v1/stream?type=intake.PersonIdentified HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"


async def opened(port: int, token: str, turn: asyncio.Semaphore) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with turn:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST.format(port=port, token=token).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        await reader.readuntil(b"\n\n")
        return reader, writer


async def listen(reader: asyncio.StreamReader, events: int, heard: dict[str, list[float]]) -> None:
    for _ in range(events):
        found = None
        while found is None:
            found = COMMAND.search(await reader.readuntil(b"\n"))
        heard[found[1].decode()].append(time.perf_counter())


async def main(port: int, token: str, count: int, events: int) -> None:
    turn = asyncio.Semaphore(OPENED_AT_ONCE)
    streams = await asyncio.gather(*(opened(port, token, turn) for _ in range(count)))
    print("ready", flush=True)
    heard: dict[str, list[float]] = defaultdict(list)
    await asyncio.gather(*(listen(reader, events, heard) for reader, _ in streams))
    print(json.dumps(heard), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
