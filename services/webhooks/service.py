"""The webhooks service, as nameko runs it. Commands come through CommandService; the methods here are its queries.

It has no inbox: what sends follows the log itself, so that it goes on while the broker is away.
"""

from typing import Any

from shared.bus.nameko.write_service import CommandService, Component, NativeThread, rpc

Reply = Any


class Webhooks(CommandService):
    name = "webhooks"

    queries = Component("queries")
    worker = NativeThread("worker")

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def webhooks(self, owner: list[str] | None) -> Reply:
        """Those of an owner (actor, role, organisation), or all."""
        return self.queries.webhooks(owner)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def webhook(self, webhook: str) -> Reply:
        return self.queries.webhook(webhook)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def deliveries(self, webhook: str, limit: int) -> Reply:
        return self.queries.deliveries(webhook, limit)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def health(self) -> dict[str, Any]:
        """Whether what sends, here or in another process, goes on: {"healthy": bool, "fault": str or null}."""
        fault = self.worker.waiting_for
        return {"healthy": not fault, "fault": fault and f"waits: {fault}"}
