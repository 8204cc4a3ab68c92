"""The intake service, as nameko runs it."""

from shared.bus.nameko.write_service import NativeThread, WriteService


class Intake(WriteService):
    name = "intake"

    key_projector = NativeThread("key_projector")
