"""The intake service, as nameko runs it."""

from shared.bus.write_service import WriteService


class Intake(WriteService):
    name = "intake"
