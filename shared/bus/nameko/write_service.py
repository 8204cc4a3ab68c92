"""What every service that decides has: a desk behind two RPC methods, and an inbox that is fed while the service lives."""

from typing import Any

from shared.bus.nameko.dependencies import Listening, Part
from shared.bus.nameko.rpc import rpc
from shared.command_endpoint import Reply


class WriteService:
    """nameko finds these entrypoints on each service that inherits them; a service adds its name, and its own methods."""

    desk = Part("desk")
    listener = Listening()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def handle_each(self, asked: list[tuple[str, str]]) -> list[Reply]:
        replies: list[Reply] = self.desk.handle_each(asked)
        return replies

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def handle_many(self, token: str, commands: list[str]) -> list[Reply]:
        replies: list[Reply] = self.desk.handle_many(token, commands)
        return replies

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def health(self) -> dict[str, Any]:
        """Whether the inbox has read the log and goes on. What it waits for is named, and so is an event that a projection cannot take.

        Anybody may read this: what the fault says is in the log of the service.
        """
        inbox = self.listener.inbox
        fault = getattr(inbox, "fault", None)
        if not fault and (inbox.awaits or not self.listener.begun):
            return {"healthy": False, "fault": f"waits: {inbox.awaits}" if inbox.awaits else "the log is being read"}
        return {"healthy": inbox.healthy(), "fault": fault and f"{fault.kind} at position {fault.position}: {fault.name}"}
