"""Connections of the Python client to the running product, sound ones and one that breaks."""

from collections.abc import Callable

import httpx

from parcours_client import Parcours
from parcours_client.clock import GatewayClock
from tests.processes import Product


def client(
    product: Product,
    role: str,
    transport: httpx.BaseTransport | None = None,
    patience: float = 60,
    clock: GatewayClock | None = None,
) -> Parcours:
    return Parcours(product.url, product.token(role), transport=transport, patience=patience, clock=clock)


class Breaking(httpx.HTTPTransport):
    """A real connection. `breaks(request, response)` is asked once the gateway has answered, and may raise instead of that answer."""

    def __init__(self, breaks: Callable[[httpx.Request, httpx.Response], None]) -> None:
        super().__init__()
        self.breaks = breaks

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        self.breaks(request, response)
        return response
