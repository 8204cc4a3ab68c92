"""The coaching service, as nameko runs it."""

from shared.bus.write_service import WriteService


class Coaching(WriteService):
    name = "coaching"
