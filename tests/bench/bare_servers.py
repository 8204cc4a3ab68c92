"""HTTP servers that do nothing: each answers a small JSON object, or a stream that stays open and tells nothing.

python -m tests.bench.bare_servers eventlet|uvicorn PORT
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ANSWER = b'{"status":"ok"}'
STREAM = "/v1/stream"
BEGINNING = b"retry: 1000\n\n: \n\n"
Message = Mapping[str, Any]
SILENCE_S = 15.0  # between two signs of life on a stream, as the gateway has it


def serve_eventlet(port: int) -> None:
    import eventlet

    eventlet.monkey_patch()
    from eventlet import wsgi

    def silent() -> Iterator[bytes]:
        yield BEGINNING
        while True:
            eventlet.sleep(SILENCE_S)
            yield b": \n\n"

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == STREAM:
            environ["eventlet.minimum_write_chunk_size"] = "0"
            start_response("200 OK", [("Content-Type", "text/event-stream")])
            return silent()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))])
        return [ANSWER]

    wsgi.server(eventlet.listen(("127.0.0.1", port), backlog=1_024), app, log_output=False, max_size=20_000)


def serve_uvicorn(port: int) -> None:
    import uvicorn

    async def app(scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == STREAM:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
            await send({"type": "http.response.body", "body": BEGINNING, "more_body": True})
            while True:
                await asyncio.sleep(SILENCE_S)
                await send({"type": "http.response.body", "body": b": \n\n", "more_body": True})
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", lifespan="off", backlog=1_024)


if __name__ == "__main__":
    {"eventlet": serve_eventlet, "uvicorn": serve_uvicorn}[sys.argv[1]](int(sys.argv[2]))
