"""The coaching service, as nameko runs it."""

from shared.bus.nameko.write_service import WriteService


class Coaching(WriteService):
    name = "coaching"
