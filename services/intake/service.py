"""The intake service, as nameko runs it."""

from shared.bus.nameko.write_service import WriteService


class Intake(WriteService):
    name = "intake"
