"""Whether the client of a request is still there. A follower who leaves is otherwise noticed only when something is written to them."""

import socket
from collections.abc import Callable, Mapping
from typing import Any


def client_left(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """A function that says whether the client has closed its side: then the end of its data can be read, without waiting.

    It is always False where there is no socket, as in a test.
    """
    body = environ.get("eventlet.input")
    connection = getattr(body.get_socket(), "fd", None) if body is not None else None

    def left() -> bool:
        if connection is None:
            return False
        try:
            return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:  # nothing to read: the client waits
            return False
        except OSError:
            return True

    return left
