"""The clock of the gateway, from the `Date` of its answers. That of a device may be wrong, and what has not happened yet is refused."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

SLOWEST_S = 10.0  # an answer that took longer, as on a device that slept meanwhile, says too little
WHOLE_SECOND = 1.0  # `Date` leaves out the rest of its second


class GatewayClock:
    """How far the clock of this device, `wall`, is from the gateway's: `offset`, in seconds, None before the first answer."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self.wall = wall
        self.offset: float | None = None

    def learn(self, asked: float, heard: float, date: str) -> None:
        """`Date` was written between two moments of the device's clock, in seconds: a device that may be right keeps its own time."""
        if not 0 <= heard - asked <= SLOWEST_S:
            return
        try:
            told = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return  # a proxy's answer without a date tells nothing
        least, most = told - heard, told + WHOLE_SECOND - asked
        self.offset = 0.0 if least <= 0 <= most else (least + most) / 2

    def corrected(self, moment: datetime) -> datetime:
        """A moment of the device's clock by the gateway's, as far as that is known, and never in the future."""
        if self.offset is None:
            return moment
        return min(moment, datetime.fromtimestamp(self.wall(), UTC)) + timedelta(seconds=self.offset)


class Timing(httpx.BaseTransport):
    """Tells a clock of each answer."""

    def __init__(self, inner: httpx.BaseTransport, clock: GatewayClock) -> None:
        self.inner = inner
        self.clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = self.clock.wall()
        response = self.inner.handle_request(request)
        self.clock.learn(asked, self.clock.wall(), response.headers.get("Date", ""))
        return response

    def close(self) -> None:
        self.inner.close()
