"""The accounts service, as nameko runs it: commands alone. Whoever lets somebody in follows the log itself."""

from typing import Any

from shared.bus.nameko.write_service import CommandService, rpc


class Accounts(CommandService):
    name = "accounts"

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def health(self) -> dict[str, Any]:
        """Whether the service goes on: {"healthy": bool, "fault": str or null}. It has nothing that could wait."""
        return {"healthy": True, "fault": None}
