"""A TCP connection to the broker that can go silent without being closed, as when a node is frozen or a cable is cut."""

import socket
from typing import Any
from urllib.parse import urlsplit

import eventlet


class Cable:
    """Listens on a port of its own and forwards until `silent` is set: then it takes everything and passes on nothing."""

    def __init__(self, uri: str) -> None:
        self.broker = urlsplit(uri)
        self.silent = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        eventlet.spawn(self.accept)

    @property
    def uri(self) -> str:
        """The address of the broker through this cable."""
        user, _, _ = self.broker.netloc.rpartition("@")
        return self.broker._replace(netloc=f"{user}@{self.broker.hostname}:{self.listener.getsockname()[1]}").geturl()

    def accept(self) -> None:
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection((self.broker.hostname or "", self.broker.port or 5672))
            eventlet.spawn(self.forward, near, far)
            eventlet.spawn(self.forward, far, near)

    def forward(self, source: Any, target: Any) -> None:
        while data := source.recv(65_536):
            if not self.silent:
                target.sendall(data)
