"""The clock: the only module that asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

Clock = Callable[[], datetime]

now: Clock = partial(datetime.now, UTC)
"""This instant, in UTC, to the microsecond."""
