"""Commands that leave the gateway for the broker, with what they say of persons encrypted."""

from collections.abc import Sequence

from services.gateway.command_client import CommandClient
from shared.reply import Reply
from shared.trust.personal.transit import Transit


class SealingCommandClient:
    """Encrypts what commands say of persons before the broker carries them (`shared.trust.personal.transit`)."""

    def __init__(self, client: CommandClient, transit: Transit) -> None:
        self.client = client
        self.transit = transit

    def handle(self, service: str, token: str, command: str) -> Reply:
        return self.client.handle(service, token, self.transit.sealed(command))

    def handle_many(self, service: str, token: str, commands: Sequence[str]) -> list[Reply]:
        return self.client.handle_many(service, token, [self.transit.sealed(command) for command in commands])
